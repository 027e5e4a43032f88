"""What the codec tests draw from: STUN messages, damaged datagrams, and streams cut at any place."""

import itertools
import string
from collections.abc import Sequence

from hypothesis import settings
from hypothesis import strategies as st

from callcheck.codec import stun, stun_attributes

examples = settings(deadline=None, max_examples=150)
"""No deadline, as the machine may be busy with something else."""

ports = st.integers(0, 0xFFFF)
addresses = st.ip_addresses().map(str)
texts = st.text(st.characters(codec="utf-8"), max_size=60)

_endpoint_classes = (
    stun_attributes.MappedAddress,
    stun_attributes.XorMappedAddress,
    stun_attributes.XorRelayedAddress,
    stun_attributes.ResponseOrigin,
    stun_attributes.OtherAddress,
)
_text_classes = (
    stun_attributes.Username,
    stun_attributes.Realm,
    stun_attributes.Nonce,
    stun_attributes.Software,
)

attributes: st.SearchStrategy[stun_attributes.Attribute] = st.one_of(
    *(st.builds(made, addresses, ports) for made in _endpoint_classes),
    *(st.builds(made, texts) for made in _text_classes),
    st.builds(stun_attributes.ErrorCode, st.integers(100, 699), texts),
    st.builds(stun_attributes.ChangeRequest, st.booleans(), st.booleans()),
    st.builds(stun_attributes.RequestedTransport, st.integers(0, 255)),
    st.builds(stun_attributes.Lifetime, st.integers(0, 2**32 - 1)),
    st.builds(stun_attributes.MessageIntegrity, st.binary(min_size=20, max_size=20)),
    st.builds(stun_attributes.Fingerprint, st.integers(0, 2**32 - 1)),
    st.builds(
        stun_attributes.Unknown,
        st.integers(0, 0xFFFF).filter(lambda number: number not in stun_attributes.ATTRIBUTES),
        st.binary(max_size=40),
    ),
)

kinds: st.SearchStrategy[stun.Kind] = st.sampled_from(("request", "indication", "success", "error"))


@st.composite
def messages(draw: st.DrawFn) -> stun.Message:
    """Any message that has a wire form, in both forms."""
    cookie = draw(st.booleans())
    transaction_id = draw(
        st.binary(min_size=12, max_size=12)
        if cookie
        else st.binary(min_size=16, max_size=16).filter(
            lambda drawn: not drawn.startswith(stun_attributes.MAGIC_COOKIE)
        )
    )
    found = tuple(draw(st.lists(attributes, max_size=6)))
    return stun.Message(draw(st.integers(0, 0xFFF)), draw(kinds), transaction_id, found, cookie)


@st.composite
def damaged(draw: st.DrawFn, originals: st.SearchStrategy[bytes]) -> bytes:
    """A well-framed datagram with some bytes overwritten, and perhaps cut or lengthened."""
    data = bytearray(draw(originals))
    for place, byte in draw(st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 255)), max_size=6)):
        if data:
            data[place % len(data)] = byte
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data))) :]
    return bytes(data) + draw(st.binary(max_size=8))


@st.composite
def cut(draw: st.DrawFn, streams: st.SearchStrategy[bytes]) -> tuple[bytes, Sequence[bytes]]:
    """A stream, and the same stream in pieces."""
    stream = draw(streams)
    places = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    edges = [0, *places, len(stream)]
    return stream, [stream[start:end] for start, end in itertools.pairwise(edges)]


labels = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=20)
host_names = st.lists(labels, min_size=1, max_size=5).map(".".join)
