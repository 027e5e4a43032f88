"""Strict reading of tables: every value has a type and bounds, and a key that nobody asked for is refused."""

import json
import math
import random
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeGuard, TypeVar, final

Network = IPv4Network | IPv6Network
Chance = Callable[[str], random.Random]  # the random source that belongs to a key path
T = TypeVar("T")


class RefusedError(ValueError):
    """A table says something that cannot be meant; the text is one line that begins with the key path."""


def shown(value: object) -> str:
    """A value as it may stand in a one-line message: JSON, cut at 60 characters."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def listed(words: Iterable[str]) -> str:
    return ", ".join(words)


@final
class Table:
    """One table and the key path to it. Reading a key takes it out; `close` refuses what is left.

    A number may be written as `{min = a, max = b}`; it is then drawn, evenly, from the random source of its key path.
    """

    __slots__ = ("_chance", "_left", "path")

    def __init__(self, data: object, path: str = "", chance: Chance = random.Random) -> None:
        self.path = path
        self._chance = chance
        if not isinstance(data, Mapping):
            raise RefusedError(f"{path or 'the file'}: a table is wanted, not {shown(data)}")
        self._left: dict[str, object] = {str(key): value for key, value in data.items()}

    def at(self, key: str) -> str:
        """The key path of one of this table's keys."""
        plain = key.replace("_", "").replace("-", "").isalnum()
        step = key if plain else shown(key)
        return f"{self.path}.{step}" if self.path else step

    def refuse(self, key: str, reason: str) -> RefusedError:
        return RefusedError(f"{self.at(key)}: {reason}")

    def needed(self, key: str, value: T | None) -> T:
        """The value just read, which must have been there."""
        if value is None:
            raise self.refuse(key, "is missing")
        return value

    def left(self) -> tuple[str, ...]:
        """The keys not read so far."""
        return tuple(self._left)

    def close(self) -> None:
        """Refuse the first key that was not read."""
        for key in self._left:
            raise self.refuse(key, "unknown key")

    def number(self, key: str, *, low: float = 0.0, high: float = math.inf) -> float | None:
        bounds = self._bounds(key)
        if bounds is None:
            return None
        for value in bounds:
            self._check_number(key, value, low, high)
        least, most = bounds
        return least if least == most else self._chance(self.at(key)).uniform(least, most)

    def whole(self, key: str, *, low: int = 0, high: int = 2**53) -> int | None:
        bounds = self._bounds(key)
        if bounds is None:
            return None
        for value in bounds:
            self._check_number(key, value, low, high)
            if value != int(value):
                raise self.refuse(key, f"a whole number is wanted, not {shown(value)}")
        least, most = (int(value) for value in bounds)
        return least if least == most else self._chance(self.at(key)).randint(least, most)

    def flag(self, key: str) -> bool:
        """True or false as TOML writes them; False when the key is absent."""
        value = self._left.pop(key, False)
        if not isinstance(value, bool):
            raise self.refuse(key, f"true or false is wanted, not {shown(value)}")
        return value

    def text(self, key: str) -> str | None:
        value = self._left.pop(key, None)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise self.refuse(key, f"a text is wanted, not {shown(value)}")
        return value

    def word(self, key: str, known: Iterable[str]) -> str | None:
        """One word of a closed list."""
        word = self.text(key)
        if word is not None:
            self._check_word(key, word, known)
        return word

    def words(self, key: str, known: Iterable[str]) -> tuple[str, ...]:
        words = self.texts(key)
        for word in words:
            self._check_word(key, word, known)
        return words

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of different texts, not empty; () when the key is absent."""
        return tuple(value for value in self._items(key) if self._is_text(value, key))

    def one_or_more(self, key: str, known: Iterable[str] | None = None) -> tuple[str, ...]:
        """A text, or a list of different texts; at least one must be there."""
        is_list = isinstance(self._left.get(key), list)
        texts = self.texts(key) if is_list else (self.needed(key, self.text(key)),)
        for word in texts if known is not None else ():
            self._check_word(key, word, known or ())
        return texts

    def ports(self, key: str) -> tuple[int, ...]:
        ports = self._items(key)
        for port in ports:
            if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
                raise self.refuse(key, f"a port from 0 to 65535 is wanted, not {shown(port)}")
        return tuple(port for port in ports if isinstance(port, int))

    def networks(self, key: str) -> tuple[Network, ...]:
        networks = []
        for text in self.texts(key):
            try:
                networks.append(ip_network(text))
            except ValueError as problem:
                raise self.refuse(key, f"not a prefix: {problem}") from None
        return tuple(networks)

    def table(self, key: str) -> "Table | None":
        if key not in self._left:
            return None
        return Table(self._left.pop(key), self.at(key), self._chance)

    def tables(self, key: str) -> "tuple[Table, ...]":
        """A list of tables; () when the key is absent."""
        value = self._left.pop(key, [])
        if not isinstance(value, list):
            raise self.refuse(key, f"a list of tables is wanted, not {shown(value)}")
        return tuple(Table(item, f"{self.at(key)}[{n}]", self._chance) for n, item in enumerate(value))

    def _bounds(self, key: str) -> tuple[float, float] | None:
        value = self._left.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            number = self._plain_number(key, value)
            return number, number
        ends = Table(value, self.at(key), self._chance)
        least, most = (ends._end(end) for end in ("min", "max"))
        ends.close()
        if least > most:
            raise self.refuse(key, f"min {shown(least)} is more than max {shown(most)}")
        return least, most

    def _end(self, key: str) -> float:
        return self._plain_number(key, self.needed(key, self._left.pop(key, None)))

    def _plain_number(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**64:
            raise self.refuse(key, f"a number is wanted, not {shown(value)}")
        return value

    def _check_number(self, key: str, value: float, low: float, high: float) -> None:
        if value < low:
            raise self.refuse(key, f"{shown(value)} is less than {shown(low)}")
        if value > high:
            raise self.refuse(key, f"{shown(value)} is more than {shown(high)}")

    def _check_word(self, key: str, word: str, known: Iterable[str]) -> None:
        if word not in known:
            raise self.refuse(key, f"unknown word {shown(word)} (known: {listed(known)})")

    def _items(self, key: str) -> list[object]:
        value = self._left.pop(key, None)
        if value is None:
            return []
        if not isinstance(value, list) or not value:
            raise self.refuse(key, f"a list that is not empty is wanted, not {shown(value)}")
        seen = [shown(item) for item in value]
        if len(set(seen)) < len(seen):
            raise self.refuse(key, "says the same thing twice")
        return value

    def _is_text(self, value: object, key: str) -> TypeGuard[str]:
        if not isinstance(value, str) or not value.strip():
            raise self.refuse(key, f"a list of texts is wanted, not {shown(value)} in it")
        return True
