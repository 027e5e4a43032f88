"""Reads the client's QUIC Initial packets: their keys are public, so a middlebox sees the name that is asked for.

RFC 9000 section 17.2.2 (Initial) and 19 (frames), RFC 9001 section 5 (keys). Version 1 only, as in the rules of 2022
(facts/calls-on-the-wire.md 5), and only the first packet of a datagram. Total: nothing here raises on any payload.
"""

import hmac
import site
from collections.abc import Hashable
from typing import Final, NamedTuple

from callcheck.lab.wire.hello import ClientHello, read_handshake
from callcheck.lab.wire.memory import Memory
from callcheck.lab.wire.reading import Cursor, Pieces, ShortError

_VERSION_1: Final = b"\0\0\0\x01"
_SALT: Final = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")  # RFC 9001 section 5.2
_TAG_BYTES: Final = 16
_SAMPLE_AT: Final = 4  # from the packet number on, as if that had four bytes: RFC 9001 section 5.4.2
_PADDING, _PING, _ACK, _ACK_ECN, _CRYPTO = 0, 1, 2, 3, 6


class InitialKeys(NamedTuple):
    """What protects a client's Initials: the packet key, the initialization vector, and the header's key."""

    key: bytes
    iv: bytes
    header_key: bytes


class _Initial(NamedTuple):
    """A protected Initial: where its packet number begins, and where it ends."""

    connection_id: bytes
    number_at: int
    end: int


def is_initial(payload: bytes) -> bool:
    """Whether a datagram begins with an Initial of version 1, by the bytes that nothing hides."""
    return len(payload) >= 7 and payload[0] & 0xF0 == 0xC0 and payload[1:5] == _VERSION_1 and payload[5] <= 20


def client_keys(connection_id: bytes) -> InitialKeys:
    """RFC 9001 section 5.2, from the destination connection ID of a client's Initial."""
    secret = _expand(hmac.digest(_SALT, connection_id, "sha256"), b"client in", 32)
    return InitialKeys(
        _expand(secret, b"quic key", 16), _expand(secret, b"quic iv", 12), _expand(secret, b"quic hp", 16)
    )


class InitialReader:
    """Reads the ClientHello that a flow's Initials carry, also where several share it."""

    def __init__(self, idle_ns: int) -> None:
        """Loads the AES of `cryptography`, which takes tens of ms: make one before packets come.

        Raises ModuleNotFoundError where `cryptography` is not installed.
        """
        try:
            import cryptography  # noqa: F401, PLC0415  the wires of most labs do without it and start sooner
        except ModuleNotFoundError:
            site.main()  # the bridge runs under `python -S`, which hides installed packages
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  as above
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415  as above
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  as above

        self._cipher, self._aes, self._ecb, self._gcm, self._invalid = (
            Cipher,
            algorithms.AES,
            modes.ECB,
            AESGCM,
            InvalidTag,
        )
        self._begun: Memory[tuple[bytes, Pieces]] = Memory(idle_ns)

    def hello(self, payload: bytes, flow: Hashable, now_ns: int) -> ClientHello | None:
        """The ClientHello that is complete with this datagram of the client's; None for every other datagram."""
        initial = _read_header(payload)
        if initial is None:
            return None
        frames = self._decrypt(payload, initial)
        if frames is None:
            return None
        begun = self._begun.get(flow, now_ns)
        if begun is None or begun[0] != initial.connection_id:  # a new attempt, or the answer to a Retry
            begun = (initial.connection_id, Pieces())
            self._begun.put(flow, begun, now_ns)
        _collect(frames, begun[1])
        return read_handshake(begun[1].beginning())

    def _decrypt(self, payload: bytes, initial: _Initial) -> bytes | None:
        """The frames of a client's Initial; None for a server's, and for what only looks like one."""
        keys = client_keys(initial.connection_id)
        sample_at = initial.number_at + _SAMPLE_AT
        encryptor = self._cipher(self._aes(keys.header_key), self._ecb()).encryptor()
        mask = encryptor.update(payload[sample_at : sample_at + 16])
        first = payload[0] ^ mask[0] & 0x0F
        number_bytes = (first & 3) + 1
        body_at = initial.number_at + number_bytes
        hidden = int.from_bytes(payload[initial.number_at : body_at], "big")
        number = hidden ^ int.from_bytes(mask[1 : 1 + number_bytes], "big")
        header = bytes([first]) + payload[1 : initial.number_at] + number.to_bytes(number_bytes, "big")
        nonce = (int.from_bytes(keys.iv, "big") ^ number).to_bytes(12, "big")
        try:
            return self._gcm(keys.key).decrypt(nonce, payload[body_at : initial.end], header)
        except self._invalid:
            return None


def _read_header(payload: bytes) -> _Initial | None:
    if not is_initial(payload):
        return None
    cursor = Cursor(payload)
    try:
        cursor.take(5)
        connection_id = cursor.block(1)
        cursor.block(1)  # source connection ID
        cursor.take(cursor.varint())  # token
        rest_bytes = cursor.varint()
        number_at = cursor.at
        cursor.take(rest_bytes)
    except ShortError:
        return None
    if rest_bytes < _SAMPLE_AT + _TAG_BYTES:
        return None
    return _Initial(connection_id, number_at, number_at + rest_bytes)


def _collect(frames: bytes, pieces: Pieces) -> None:
    """Put what CRYPTO frames carry into `pieces`; stops at a frame that no Initial of a client has."""
    cursor = Cursor(frames)
    try:
        while not cursor.is_over():
            kind = cursor.varint()
            if kind == _PADDING:
                cursor.skip_zeros()
            elif kind == _CRYPTO:
                offset = cursor.varint()
                pieces.add(offset, cursor.take(cursor.varint()))
            elif kind in (_ACK, _ACK_ECN):
                _skip_ack(cursor, has_counts=kind == _ACK_ECN)
            elif kind != _PING:
                return
    except ShortError:
        return


def _skip_ack(cursor: Cursor, *, has_counts: bool) -> None:  # RFC 9000 section 19.3
    """Raises ShortError."""
    cursor.varint()  # largest acknowledged
    cursor.varint()  # delay
    ranges = cursor.varint()
    for _ in range(1 + 2 * ranges + 3 * has_counts):
        cursor.varint()


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label with an empty context (RFC 8446 section 7.1), of one block of SHA-256 at most."""
    full = b"tls13 " + label
    info = size.to_bytes(2, "big") + bytes([len(full)]) + full + b"\0"
    return hmac.digest(secret, info + b"\x01", "sha256")[:size]
