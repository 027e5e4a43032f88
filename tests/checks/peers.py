"""Scripted routers, resolvers and chat servers that the checks' tests share."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

import dns.message
import dns.rcode
import dns.rrset
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from callcheck.codec import mtproto
from callcheck.testing import Answers, DatagramHandler, StreamAnswers, StreamHandler, StreamPeer

Answer = Callable[[bytes], bytes]


def reply_to(request: bytes) -> bytes:
    """As a kernel hands it over: type 0, an identifier of its own choice, the rest as it was."""
    return b"\x00\x00\x12\x34\xbe\xef" + request[6:]


def router(lost: set[int]) -> Callable[[bytes], Answers]:
    def answer(request: bytes) -> Answers:
        number = struct.unpack_from("!H", request, 6)[0]
        return [] if number in lost else [(0.004, reply_to(request))]

    return answer


def answer_to(query: bytes, addresses: list[str], code: dns.rcode.Rcode = dns.rcode.NOERROR) -> bytes:
    response = dns.message.make_response(dns.message.from_wire(query))
    response.set_rcode(code)
    if addresses:
        response.answer.append(dns.rrset.from_text(response.question[0].name, 60, "IN", "A", *addresses))
    return response.to_wire()


def resolver(zone: Mapping[str, str]) -> DatagramHandler:
    def handler(query: bytes) -> Answers:
        name = str(dns.message.from_wire(query).question[0].name).rstrip(".")
        known = zone.get(name)
        return [(0.03, answer_to(query, [known]) if known else answer_to(query, [], dns.rcode.NXDOMAIN))]

    return handler


def res_pq(question: bytes, *, nonce: bytes | None = None) -> bytes:
    """A resPQ after the sample in facts 3.2, with three fingerprints."""
    body = b"\x63\x24\x16\x05" + (nonce or question[24:40]) + bytes(range(16))
    body += b"\x08" + bytes(range(1, 9)) + b"\0\0\0" + b"\x15\xc4\xb5\x1c" + struct.pack("<I", 3) + bytes(24)
    return struct.pack("<QQI", 0, 1, len(body)) + body


def data_centre(answer: Answer, delay_s: float = 0.05) -> StreamPeer:
    """Tells the transport from the first bytes, as facts 3.2 says, and sends `answer` to the question in one frame."""

    def conversation() -> StreamHandler:
        def handler(data: bytes) -> StreamAnswers:
            if not data:
                return []
            if data[:1] == b"\xef":
                assert len(data) == 42
                return [(delay_s, mtproto.Abridged().frame(answer(data[2:])))]
            if data[:4] == b"\xee" * 4:
                assert len(data) == 48
                return [(delay_s, mtproto.Intermediate().frame(answer(data[8:])))]
            assert len(data) == 64 + 41
            return [(delay_s, obfuscated_answer(data, answer))]

        return handler

    return StreamPeer(conversation)


def obfuscated_answer(data: bytes, answer: Answer) -> bytes:
    keys = data[8:56]
    plain = Cipher(algorithms.AES(keys[:32]), modes.CTR(keys[32:])).decryptor().update(data)
    assert plain[56:60] == b"\xef" * 4
    back = keys[::-1]
    encryptor = Cipher(algorithms.AES(back[:32]), modes.CTR(back[32:])).encryptor()
    return encryptor.update(mtproto.Abridged().frame(answer(plain[65:])))


def chat(data_back: bytes) -> StreamPeer:
    def conversation() -> StreamHandler:
        def handler(data: bytes) -> StreamAnswers:
            if not data:
                return []
            assert data[:7] == b"WA\x06\x03\x00\x00\x24"
            assert len(data) == 43
            return [(0.03, data_back[:5]), (0.05, data_back[5:])]

        return handler

    return StreamPeer(conversation)


def server_hello() -> bytes:
    inner = b"\x0a\x20" + bytes(32) + b"\x12\x30" + bytes(48) + b"\x1a\x10" + bytes(16)
    frame = b"\x1a" + bytes([len(inner)]) + inner
    return len(frame).to_bytes(3, "big") + frame
