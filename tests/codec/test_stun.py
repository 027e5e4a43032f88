"""STUN: the bytes of the captures, both forms, padding, and properties that hold for any message and any bytes."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck.codec import Malformed, stun
from callcheck.codec.stun_attributes import (
    Attribute,
    ErrorCode,
    Fingerprint,
    MappedAddress,
    MessageIntegrity,
    Nonce,
    OtherAddress,
    Realm,
    ResponseOrigin,
    Software,
    Unknown,
    XorMappedAddress,
)
from tests.codec import strategies

TRANSACTION_ID = bytes(range(12))
CLASSIC_ID = bytes(range(16))
HEADER = bytes.fromhex("2112a442") + TRANSACTION_ID


def decoded(datagram: bytes) -> stun.Message:
    message = stun.decode(datagram)
    assert isinstance(message, stun.Message), message
    return message


def telegram_binding_answer() -> bytes:
    """Laid out like the 84-byte answer of facts 3.3(a) (pcap telegram_videocall); the client's address is ours."""
    body = bytes.fromhex(
        "00200008" "0001" "d524" "ea12d5" "45"  # 203.0.113.7:62518, combined with the cookie
        "00010008" "0001" "f436" "cb007107"
        "802b0008" "0001" "0578" "5b6c0923"  # 91.108.9.35:1400
        "802c0008" "0001" "0579" "0a434263"  # 10.67.66.99:1401
        "80220004" "4e6f6e65"
    )  # fmt: skip
    bare = bytes.fromhex("01010040") + HEADER + body
    return bare + bytes.fromhex("80280004") + stun_crc(bare)


def stun_crc(datagram: bytes) -> bytes:
    """Bit by bit, so that it shares nothing with the codec's zlib."""
    crc = 0xFFFFFFFF
    for byte in datagram:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return (crc ^ 0xFFFFFFFF ^ 0x5354554E).to_bytes(4, "big")


def test_a_binding_request_is_the_20_bytes_of_the_capture() -> None:
    assert stun.binding_request(TRANSACTION_ID) == bytes.fromhex("00010000") + HEADER


def test_a_classic_binding_request_has_16_bytes_of_id_and_no_cookie() -> None:
    request = stun.binding_request(CLASSIC_ID, cookie=False)
    assert request == bytes.fromhex("00010000") + CLASSIC_ID
    assert decoded(request) == stun.Message(stun.BINDING, "request", CLASSIC_ID, (), cookie=False)


def test_an_allocate_request_is_the_28_bytes_of_the_capture() -> None:
    expected = bytes.fromhex("00030008") + HEADER + bytes.fromhex("0019000411000000")
    assert stun.allocate_request(TRANSACTION_ID) == expected


def test_telegrams_binding_answer_is_read_whole() -> None:
    datagram = telegram_binding_answer()
    message = decoded(datagram)
    assert len(datagram) == 84
    assert (message.method, message.kind) == (stun.BINDING, "success")
    assert message.attributes[:5] == (
        XorMappedAddress("203.0.113.7", 62518),
        MappedAddress("203.0.113.7", 62518),
        ResponseOrigin("91.108.9.35", 1400),
        OtherAddress("10.67.66.99", 1401),
        Software("None"),
    )
    assert isinstance(message.attributes[5], Fingerprint)
    assert stun.check_fingerprint(datagram)
    assert stun.reflexive_address(message) == ("203.0.113.7", 62518)


def test_telegrams_allocate_answer_asks_for_credentials() -> None:
    body = (
        bytes.fromhex("00090010" "00000401") + b"Unauthorized"
        + bytes.fromhex("00150010") + b"0123456789abcdef"
        + bytes.fromhex("0014000c") + b"telegram.org"
        + bytes.fromhex("80220004") + b"None"
    )  # fmt: skip
    bare = bytes.fromhex("01130048") + HEADER + body
    datagram = bare + bytes.fromhex("80280004") + stun_crc(bare)
    message = decoded(datagram)
    assert len(datagram) == 92
    assert (message.method, message.kind) == (stun.ALLOCATE, "error")
    assert stun.error_code(message) == (401, "Unauthorized")
    assert message.attributes[1:3] == (Nonce("0123456789abcdef"), Realm("telegram.org"))
    assert stun.check_fingerprint(datagram)


@pytest.mark.parametrize(
    ("first_bytes", "method", "kind"),
    [
        ("0001", 0x001, "request"),
        ("0011", 0x001, "indication"),
        ("0101", 0x001, "success"),
        ("0111", 0x001, "error"),
        ("0113", 0x003, "error"),
        ("0801", 0x201, "request"),
        ("3fff", 0xFFF, "error"),
    ],
)
def test_a_message_type_splits_into_method_and_kind(first_bytes: str, method: int, kind: str) -> None:
    datagram = bytes.fromhex(first_bytes) + bytes(2) + HEADER
    message = decoded(datagram)
    assert (message.method, message.kind) == (method, kind)
    assert stun.encode(message) == datagram


@pytest.mark.parametrize("size", [20, 24, 28, 112, 132, 152, 156, 160, 284, 288, 1000, stun.MAX_PADDED_BYTES])
@pytest.mark.parametrize("cookie", [True, False])
def test_padding_reaches_the_size_with_attributes_a_server_may_ignore(size: int, cookie: bool) -> None:
    request = stun.binding_request(TRANSACTION_ID if cookie else CLASSIC_ID, cookie=cookie, pad_to_bytes=size)
    assert len(request) == size
    for attribute in decoded(request).attributes:
        assert isinstance(attribute, Software)
        assert len(attribute.text) < 128
        assert attribute.TYPE >= 0x8000


@pytest.mark.parametrize("size", [-4, 4, 16, 21, 30, 1234, stun.MAX_PADDED_BYTES + 4])
def test_padding_refuses_a_size_it_cannot_reach(size: int) -> None:
    with pytest.raises(ValueError, match="padded request"):
        stun.binding_request(TRANSACTION_ID, pad_to_bytes=size)


@pytest.mark.parametrize(
    ("transaction_id", "cookie"),
    [(bytes(11), True), (bytes(16), True), (bytes(12), False), (bytes.fromhex("2112a442") + bytes(12), False)],
)
def test_a_transaction_id_that_would_be_read_otherwise_is_refused(transaction_id: bytes, cookie: bool) -> None:
    with pytest.raises(ValueError, match="transaction id"):
        stun.binding_request(transaction_id, cookie=cookie)


def test_a_message_without_a_wire_form_is_refused() -> None:
    too_long = (Unknown(0x7777, bytes(40_000)),) * 2
    for message in (
        stun.Message(0x1000, "request", TRANSACTION_ID),
        stun.Message(1, "error", TRANSACTION_ID, (ErrorCode(700, ""),)),
        stun.Message(1, "success", TRANSACTION_ID, (MappedAddress("nowhere", 1),)),
        stun.Message(1, "success", TRANSACTION_ID, too_long),
    ):
        with pytest.raises(ValueError, match=r"method|code|address|length"):
            stun.encode(message)


@pytest.mark.parametrize(
    ("attributes", "cookie", "expected"),
    [
        ((MappedAddress("192.0.2.1", 1), XorMappedAddress("192.0.2.2", 2)), True, ("192.0.2.2", 2)),
        ((XorMappedAddress("192.0.2.2", 2), MappedAddress("192.0.2.1", 1)), False, ("192.0.2.1", 1)),
        ((MappedAddress("2001:db8::1", 3),), True, ("2001:db8::1", 3)),
        ((Software("x"),), True, None),
    ],
)
def test_the_reflexive_address_is_read_from_the_attribute_that_the_form_knows(
    attributes: tuple[Attribute, ...], cookie: bool, expected: tuple[str, int] | None
) -> None:
    message = stun.Message(1, "success", TRANSACTION_ID if cookie else CLASSIC_ID, attributes, cookie)
    assert stun.reflexive_address(decoded(stun.encode(message))) == expected


@pytest.mark.parametrize(
    ("attribute_type", "value"),
    [
        (0x0001, "0003000101020304"),
        (0x0001, "00010001010203"),
        (0x0001, "0002000101020304"),
        (0x0020, ""),
        (0x0020, "00"),
        (0x0020, "0001" + "00" * 30),
        (0x0009, "000004"),
        (0x0009, "00000004"),
        (0x0009, "00000464"),
        (0x0009, "00000764"),
        (0x8022, "ff"),
        (0x0008, "00" * 19),
        (0x8028, "00"),
        (0x0019, "11"),
        (0x000D, "0000"),
        (0x0003, "000006"),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_kept_as_unknown(attribute_type: int, value: str) -> None:
    raw = bytes.fromhex(value)
    datagram = stun.encode(stun.Message(1, "success", TRANSACTION_ID, (Unknown(attribute_type, raw),)))
    message = decoded(datagram)
    assert message.attributes == (Unknown(attribute_type, raw),)
    assert stun.encode(message) == datagram
    assert stun.reflexive_address(message) is None
    assert stun.error_code(message) is None


def test_a_reason_that_is_no_text_does_not_hide_the_error_code() -> None:
    datagram = bytes.fromhex("01110008") + HEADER + bytes.fromhex("0009000400000414")
    assert stun.error_code(decoded(datagram)) == (420, "")
    datagram = bytes.fromhex("0111000c") + HEADER + bytes.fromhex("0009000500000414ff000000")
    assert stun.error_code(decoded(datagram)) == (420, "\N{REPLACEMENT CHARACTER}")


def test_a_right_checksum_in_another_attribute_is_no_fingerprint() -> None:
    bare = bytes.fromhex("00010008") + HEADER
    assert stun.check_fingerprint(bare + bytes.fromhex("80280004") + stun_crc(bare))
    assert not stun.check_fingerprint(bare + bytes.fromhex("80290004") + stun_crc(bare))


def test_the_classic_form_has_no_integrity_of_rfc_8489() -> None:
    message = stun.Message(stun.BINDING, "request", CLASSIC_ID, cookie=False)
    with pytest.raises(ValueError, match="cookie"):
        stun.encode(message, key=b"key")
    covered = bytes.fromhex("00010018") + CLASSIC_ID
    datagram = covered + bytes.fromhex("00080014") + hmac.digest(b"key", covered, "sha1")
    assert not stun.check_integrity(datagram, b"key")


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        bytes(19),
        bytes.fromhex("40010000") + HEADER,
        bytes.fromhex("80010000") + HEADER,
        bytes.fromhex("00010004") + HEADER,
        bytes.fromhex("00010000") + HEADER + bytes(4),
        bytes.fromhex("00010002") + HEADER + bytes(2),
        bytes.fromhex("00010004") + HEADER + bytes.fromhex("80220001"),
        bytes.fromhex("00010008") + HEADER + bytes.fromhex("80220190") + bytes(4),
    ],
)
def test_what_is_not_framed_as_stun_is_malformed(datagram: bytes) -> None:
    assert isinstance(stun.decode(datagram), Malformed)
    assert not stun.check_integrity(datagram, b"key")
    assert not stun.check_fingerprint(datagram)


@strategies.examples
@given(strategies.messages())
def test_every_message_survives_the_wire(message: stun.Message) -> None:
    datagram = stun.encode(message)
    assert stun.decode(datagram) == message
    assert stun.encode(decoded(datagram)) == datagram


@strategies.examples
@given(strategies.messages(), st.binary(max_size=40), st.binary(max_size=40), st.booleans())
def test_an_appended_integrity_holds_for_its_key_alone(
    message: stun.Message, key: bytes, other_key: bytes, fingerprint: bool
) -> None:
    plain = tuple(one for one in message.attributes if not isinstance(one, MessageIntegrity | Fingerprint))
    message = stun.Message(message.method, message.kind, TRANSACTION_ID, plain)
    datagram = stun.encode(message, key=key, fingerprint=fingerprint)
    assert stun.check_integrity(datagram, key)
    assert stun.check_fingerprint(datagram) == fingerprint
    # HMAC pads keys with zeros, so keys that differ only there are one key.
    assert stun.check_integrity(datagram, other_key) == (key.rstrip(b"\0") == other_key.rstrip(b"\0"))


@strategies.examples
@given(strategies.messages(), st.data())
def test_one_flipped_bit_breaks_the_fingerprint(message: stun.Message, data: st.DataObject) -> None:
    datagram = bytearray(stun.encode(message, fingerprint=True))
    assert stun.check_fingerprint(bytes(datagram))
    bit = data.draw(st.integers(0, len(datagram) * 8 - 1))
    datagram[bit // 8] ^= 1 << bit % 8
    assert not stun.check_fingerprint(bytes(datagram))


@strategies.examples
@given(st.one_of(st.binary(max_size=200), strategies.damaged(strategies.messages().map(stun.encode))))
def test_any_bytes_are_a_message_or_malformed(datagram: bytes) -> None:
    message = stun.decode(datagram)
    stun.check_integrity(datagram, b"key")
    stun.check_fingerprint(datagram)
    if isinstance(message, stun.Message):
        assert decoded(stun.encode(message)) == message
        stun.reflexive_address(message)
        stun.error_code(message)
    else:
        assert isinstance(message, Malformed)
        assert message.reason
