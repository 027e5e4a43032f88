"""Short plain meanings of the few terms of the field that our sentences use, for the foot of a page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from callcheck.locale import N_, translator


class _Entry(msgspec.Struct, frozen=True):
    """A term, its meaning, and what it looks like in running text of each language (patterns; Russian words by their
    stems, as their ends change)."""

    term: str
    meaning: str
    english: str
    russian: str


# No meaning uses a term of another entry: nobody should have to look up an explanation.
_ENTRIES: Final = (
    _Entry(
        N_("call server (relay)"),
        N_("a computer of the service through which the sound of a call goes from one person to the other"),
        r"call servers?\b|relays?\b|servers? that carry calls",
        r"сервер\w* звонк\w+|сервер\w*, через которы\w+ идут звонки",
    ),
    _Entry(
        N_("call-like stream"),
        N_("data that the test sends at the pace and in the size of a call, to see what becomes of it"),
        r"call-like (?:streams?|flows?|packets?)\b",
        r"поток\w*|похожи\w+ на звонок пакет\w*",
    ),
    _Entry(
        N_("delay"),
        N_("how long what you say takes to arrive; from about half a second on, people talk over each other"),
        r"delay(?:s|ed)?\b",
        r"задержк\w*|задерживаются в пути",
    ),
    _Entry(
        N_("direct call (peer-to-peer)"),
        N_("a call that goes straight from device to device, past the computers of the service"),
        r"direct calls?\b|peer-to-peer\b",
        r"прям\w+ звон\w+|peer-to-peer\b",
    ),
    _Entry(
        N_("DTLS"),
        N_("the way in which the two ends of a call agree on its encryption before any sound goes"),
        r"DTLS\b",
        r"DTLS\b",
    ),
    _Entry(
        N_("estimated score"),
        N_("how good a call would sound, worked out from what was measured: 1 is useless, 4.5 is excellent"),
        r"estimated score\b",
        r"оценк\w+ качества",
    ),
    _Entry(
        N_("hosting company"),
        N_("a firm that rents out computers for web sites and services"),
        r"hosting compan(?:y|ies)\b",
        r"хостинг\w*",
    ),
    _Entry(
        N_("IPv4, IPv6"),
        N_("the older and the newer kind of internet addresses; most devices use both"),
        r"IPv[46]\b",
        r"IPv[46]\b",
    ),
    _Entry(
        N_("kbit/s"),
        N_("a measure of speed, a thousand bits each second; a call needs about 100 of them"),
        r"kbit/s",
        r"кбит/с",
    ),
    _Entry(
        N_("loss"),
        N_(
            "what was sent but never arrived: a few per cent cost some syllables, a fifth or more makes speech hard to"
            " follow"
        ),
        r"(?<!words are )(?:lost|loss|loses?)\b",
        r"потер\w+|теря\w+",
    ),
    _Entry(
        N_("ms"),
        N_("milliseconds, thousandths of a second"),
        r"ms\b",
        r"мс\b",
    ),
    _Entry(
        N_("name server (DNS)"),
        N_("the internet's directory: a computer that says which address belongs to the name of a site"),
        r"name servers?\b|DNS\b",
        r"сервер\w* им[её]н\w*|DNS\b",
    ),
    _Entry(
        N_("neutral server"),
        N_("a computer that has nothing to do with the service and is asked for comparison only"),
        r"neutral servers?\b",
        r"нейтральн\w+ сервер\w*",
    ),
    _Entry(
        N_("packet"),
        N_("a small piece of data; a call sends dozens of them every second"),
        r"packets?\b",
        r"пакет\w*",
    ),
    _Entry(
        N_("port"),
        N_("a numbered door of a computer; each program listens at its own"),
        r"ports?\b",
        r"порт(?:а|у|ом|е|ы|ов|ам|ами|ах)?\b",
    ),
    _Entry(
        N_("provider"),
        N_("the company that sells you your access to the internet"),
        r"providers?\b",
        r"провайдер\w*",
    ),
    _Entry(
        N_("QUIC"),
        N_("a newer, faster way for browsers to talk with web sites"),
        r"QUIC\b",
        r"QUIC\b",
    ),
    _Entry(
        N_("router"),
        N_("the box at home, or the phone that shares its connection, through which your devices reach the internet"),
        r"routers?\b",
        r"роутер\w*",
    ),
    _Entry(
        N_("SNI"),
        N_("the name of a site as it stands, readable by all, at the beginning of a protected connection"),
        r"SNI\b",
        r"SNI\b",
    ),
    _Entry(
        N_("station"),
        N_("one of the machines that hand your data on, one to the next, on its way"),
        r"stations?\b",
        r"узел\b|узл(?:а|у|ом|е|ы|ов|ам|ами|ах)\b",
    ),
    _Entry(
        N_("STUN"),
        N_("a short question and answer with which calls begin, to learn how a device is seen from outside"),
        r"STUN\b",
        r"STUN\b",
    ),
    _Entry(
        N_("TCP"),
        N_("the way of sending data in which the other end confirms every piece; web sites and messages use it"),
        r"TCP\b",
        r"TCP\b",
    ),
    _Entry(
        N_("traffic"),
        N_("all the data that goes over a line"),
        r"traffic\b",
        r"трафик\w*",
    ),
    _Entry(
        N_("tunnel"),
        N_("a connection that wraps all others and takes them along another way"),
        r"tunnels?\b",
        r"туннел\w+",
    ),
    _Entry(
        N_("UDP"),
        N_("the way of sending data that does not wait for receipts; calls use it, as it is quick"),
        r"UDP\b",
        r"UDP\b",
    ),
)


def glossary(texts: Iterable[str], language: str) -> list[tuple[str, str]]:
    """The terms that occur in these texts of `language`, each with its meaning in one phrase, in the order of the
    alphabet. Texts of another language than English and Russian are read as English."""
    _ = translator(language)
    whole = "\n".join(texts)
    found = [(_(one.term), _(one.meaning)) for one in _ENTRIES if _pattern(one, language).search(whole)]
    return sorted(found, key=lambda pair: pair[0].casefold().replace("ё", "е"))


def _pattern(entry: _Entry, language: str) -> re.Pattern[str]:
    """Whole words in either case; names of protocols are never written small, so that it does no harm."""
    return re.compile(rf"\b(?:{entry.russian if language == 'ru' else entry.english})", re.IGNORECASE)
