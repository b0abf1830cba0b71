"""The door for configuration: TOML tables checked key by key, refused with file, key, value and hint."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any


class ConfigError(Exception):
    """A configuration mistake: which file, which key, what it held, and what would be right."""

    def __init__(self, file: str, key: str, value: Any, hint: str) -> None:
        super().__init__(f"{file}: {key} = {value!r}: {hint}")
        self.file, self.key, self.value, self.hint = file, key, value, hint


class Table:
    """One TOML table whose keys are taken one at a time; `done()` refuses keys nobody took."""

    def __init__(self, data: dict[str, Any], file: str, where: str = "") -> None:
        self._data, self.file, self._where, self._taken = data, file, where, set[str]()

    def path(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def error(self, key: str, hint: str) -> ConfigError:
        return ConfigError(self.file, self.path(key), self._data.get(key), hint)

    def has(self, key: str) -> bool:
        return key in self._data

    def _take(self, key: str, kinds: tuple[type, ...], hint: str, default: Any) -> Any:
        self._taken.add(key)
        if key not in self._data:
            if default is not ...:
                return default
            raise self.error(key, f"missing; {hint}")
        value = self._data[key]
        # bool is an int in Python: `hours = true` must not pass as 1
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise self.error(key, hint)
        return value

    def text(self, key: str, default: Any = ..., *, one_of: tuple[str, ...] = ()) -> str:
        value = self._take(key, (str,), "give a text in quotes", default)
        if one_of and value not in one_of:
            raise self.error(key, "give one of " + ", ".join(one_of))
        return value

    def flag(self, key: str, default: Any = ...) -> bool:
        return self._take(key, (bool,), "give true or false", default)

    def number(self, key: str, default: Any = ..., *, least: float | None = None) -> float:
        value = self._take(key, (int, float), "give a number", default)
        if least is not None and value is not None and value < least:
            raise self.error(key, f"give a number of at least {least}")
        return value

    def day(self, key: str, default: Any = ...) -> date:
        return self._take(key, (date,), "give a date as 2024-11-01 without quotes", default)

    def texts(self, key: str, default: Any = ...) -> tuple[str, ...]:
        value = self._take(key, (list, tuple), 'give a list of texts, for example ["西安"]', default)
        if not all(isinstance(v, str) for v in value):
            raise self.error(key, 'give a list of texts, for example ["西安"]')
        return tuple(value)

    def numbers(self, key: str, default: Any = ...) -> tuple[float, ...]:
        value = self._take(key, (list, tuple), "give a list of numbers", default)
        if not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in value):
            raise self.error(key, "give a list of numbers")
        return tuple(value)

    def table(self, key: str, default: Any = ...) -> Table:
        value = self._take(key, (dict,), f"give a table [{self.path(key)}]", default)
        return Table(value, self.file, self.path(key))

    def tables(self, key: str, default: Any = ...) -> list[Table]:
        value = self._take(key, (list, tuple), f"give tables [[{self.path(key)}]]", default)
        if not all(isinstance(v, dict) for v in value):
            raise self.error(key, f"give tables [[{self.path(key)}]]")
        return [Table(v, self.file, f"{self.path(key)}[{i + 1}]") for i, v in enumerate(value)]

    def items(self) -> Iterator[tuple[str, Table]]:
        """Sub-tables under free names (channel names, level names); every value must be a table."""
        for key in self._data:
            yield key, self.table(key)

    def done(self) -> None:
        for key in self._data:
            if key not in self._taken:
                known = ", ".join(sorted(self._taken))
                raise self.error(key, f"unknown key; known here: {known}")


def read_toml(path: Path) -> tuple[Table, str]:
    """The file's top table and the first 12 hex digits of its SHA-256 (copied into what it decided).

    Raises ConfigError when the file is missing, not UTF-8 or not TOML.
    """
    try:
        raw = path.read_bytes()
    except OSError as e:
        raise ConfigError(path.name, "-", str(path), f"cannot be read: {e.strerror}") from e
    try:
        return Table(tomllib.loads(raw.decode()), path.name), hashlib.sha256(raw).hexdigest()[:12]
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise ConfigError(path.name, "-", str(path), f"not valid TOML in UTF-8: {e}") from e
