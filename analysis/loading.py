"""The reader made ready: words, places, units and the model read from files, refused with file and line when wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from analysis import learning, text
from analysis.gazetteer import Gazetteer, Home
from analysis.lexicon import Word
from analysis.reading import Lexicon, Reader
from config.door import ConfigError, Table, read_toml

MODEL = Path(__file__).parent / "model" / "relevance.npz"
STANCES = ("ask", "complain", "accuse", "harm", "rumour", "deny", "drill", "count", "bulletin")
CODES = tuple(f"T{n:02}" for n in range(1, 16))

Line = tuple[int, list[str]]


def load_reader(folder: Path, units: Sequence[dict[str, Any]] | None, model: Path | None = MODEL) -> Reader:
    """The reader for a policy folder. `units`: rows of the units table, None = those of units.toml.

    `model` None = rules alone. Raises ConfigError (file, line, value, hint). Without a usable model the reader runs on
    rules and `model_note` says why.
    """
    words = folder / "words"
    home, seeded = load_units(folder)
    lexicon = load_lexicon(words)
    others = load_words(words / "mainland.txt", _mainland)
    gazetteer = Gazetteer(home, seeded if units is None else units, others)
    learned, note = None, "只按规则研读"
    if model is not None:
        try:
            learned, note = learning.load(model), ""
        except learning.ModelError as e:
            note = f"{e}；研读只按规则进行"
    return Reader(lexicon, gazetteer, learned, note, _tokenizer())


def _tokenizer() -> Any:
    """jieba's own tokenizer where rjieba has no wheel, else None."""
    if text.rjieba is not None:
        return None
    import jieba

    return jieba.Tokenizer()


def load_lexicon(folder: Path) -> Lexicon:
    """Every word list under config/words. Raises ConfigError naming file and line."""
    cues: list[Word] = []
    for name, shape in (("police", _police), ("hiding", _hiding), ("drama", _drama), ("abroad", _abroad)):
        cues.extend(load_words(folder / f"{name}.txt", shape))
    cues.extend(load_words(folder / "stance.txt", _stance))
    themes = sorted((folder / "types").glob("*.txt"))
    if not themes:
        raise ConfigError("words/types", "-", str(folder), "no theme lists there; expected T01-….txt to T15-….txt")
    for path in themes:
        if path.stem[:3] not in CODES:
            raise ConfigError(f"types/{path.name}", "name", path.stem, "begin the name with T01 to T15")
        cues.extend(load_words(path, _theme_of(path.stem)))
    dictionary = [w.text for p in sorted((folder / "dictionary").glob("*.txt")) for w in load_words(p, _plain)]
    stop = frozenset(w.text for w in load_words(folder / "stop.txt", _plain))
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.txt")):
        digest.update(path.read_bytes())
    return Lexicon(cues=tuple(_inherit(cues)), dictionary=tuple(dictionary), stop=stop, hash=digest.hexdigest()[:8])


def _inherit(cues: list[Word]) -> list[Word]:
    """Longer cues of type or stance ("被民警…", "警车私用") name the police as the words inside them do.

    The scanner takes the longest word at a place, so a police word inside a longer one would otherwise be lost.
    Words of the other lists (hiding, abroad, drama) are longer on purpose: they hide what is inside.
    """
    police = {w.text: w for w in cues if w.police}
    found = []
    for word in cues:
        if (word.themes or word.stance) and word.text not in police:
            length = len(word.text)
            parts = {word.text[i:j] for i in range(length) for j in range(i + 2, length + 1)}
            inside = [police[part] for part in parts & police.keys()]
            if inside:
                sure = max(w.police for w in inside)
                word = replace(word, police=sure, mainland=any(w.mainland for w in inside))
        found.append(word)
    return found


def load_words(path: Path, shape: Callable[[str, list[str]], Word]) -> list[Word]:
    """One word a line with its tags, `#` begins a comment. Raises ConfigError with the line."""
    found = []
    for number, fields in _lines(path):
        try:
            if len(fields[0]) < 2:
                raise ValueError("a cue has at least two characters")
            found.append(shape(fields[0].lower(), fields[1:]))
        except ValueError as e:
            raise ConfigError(path.name, f"line {number}", " ".join(fields), str(e)) from e
    return found


def _lines(path: Path) -> Iterator[Line]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as e:
        raise ConfigError(path.name, "-", str(path), f"not UTF-8: {e.reason} at byte {e.start}") from e
    except OSError as e:
        raise ConfigError(path.name, "-", str(path), f"cannot be read: {e.strerror}") from e
    for number, line in enumerate(lines, 1):
        fields = line.partition("#")[0].split()
        if fields:
            yield number, fields


def _weight(fields: list[str], most: float) -> float:
    try:
        value = float(fields[0])
    except (IndexError, ValueError):
        raise ValueError(f"after the word give a number from 0 to {most:g}") from None
    if not 0 <= value <= most:
        raise ValueError(f"after the word give a number from 0 to {most:g}")
    return value


def _tag(fields: list[str], known: tuple[str, ...], default: str | None = None) -> str:
    if not fields and default is not None:
        return default
    if len(fields) != 1 or fields[0] not in known:
        raise ValueError("after the word give one of " + ", ".join(known))
    return fields[0]


def _plain(word: str, fields: list[str]) -> Word:
    if fields:
        raise ValueError("one word a line, nothing after it")
    return Word(text=word)


def _police(word: str, fields: list[str]) -> Word:
    mainland = _tag(fields[1:], ("mainland",), "") == "mainland"
    return Word(text=word, police=_weight(fields, 1), mainland=mainland)


def _hiding(word: str, fields: list[str]) -> Word:
    return _plain(word, fields)


def _drama(word: str, fields: list[str]) -> Word:
    return Word(text=word, drama=_weight(fields, 1))


def _abroad(word: str, fields: list[str]) -> Word:
    return Word(text=word, abroad=_tag(fields, ("gat", "foreign"), "foreign"))


def _mainland(word: str, fields: list[str]) -> Word:
    return Word(text=word, place=_tag(fields, ("city", "province"), "city"))


def _stance(word: str, fields: list[str]) -> Word:
    return Word(text=word, stance=_tag(fields, STANCES))


def _theme_of(theme: str) -> Callable[[str, list[str]], Word]:
    return lambda word, fields: Word(text=word, themes=((theme, _weight(fields, 5)),))


UNIT_KINDS = ("bureau", "branch", "county", "department", "station")


def load_units(folder: Path) -> tuple[Home, list[dict[str, Any]]]:
    """The home and the units of units.toml, as rows of the units table (`parent` is a name or ''). Raises ConfigError."""
    top, _ = read_toml(folder / "units.toml")
    table = top.table("home")
    home = Home(
        name=table.text("name"),
        province=table.text("province", ""),
        places=table.texts("places"),
        shared=frozenset(table.texts("shared", ())),
    )
    if not home.places:
        raise table.error("places", 'name the places of your city, or ["*"] for the whole country')
    table.done()
    units = [_unit(t) for t in top.tables("unit", ())]
    top.done()
    names = {u["name"] for u in units}
    for number, unit in enumerate(units, 1):
        if unit["parent"] and unit["parent"] not in names:
            raise ConfigError("units.toml", f"unit[{number}].parent", unit["parent"], "no [[unit]] has this name")
    return home, units


def _unit(table: Table) -> dict[str, Any]:
    day: Callable[[str], date | None] = lambda key: table.day(key, None)  # noqa: E731
    unit = {
        "name": table.text("name"),
        "kind": table.text("kind", one_of=UNIT_KINDS),
        "parent": table.text("parent", ""),
        "aliases": list(table.texts("aliases", ())),
        "places": list(table.texts("places", ())),
        "valid_from": day("valid_from"),
        "valid_to": day("valid_to"),
        "source": table.text("source", ""),
    }
    table.done()
    return unit


def seed_units(folder: Path) -> int:
    """Fill the units table from units.toml; parents first named, first linked. Returns how many. Raises ConfigError."""
    from analysis.models import Unit

    _, units = load_units(folder)
    rows = {u["name"]: Unit(**{k: v for k, v in u.items() if k != "parent"}) for u in units}
    Unit.objects.bulk_create(rows.values())
    for unit in units:
        if unit["parent"]:
            rows[unit["name"]].parent = rows[unit["parent"]]
    Unit.objects.bulk_update(rows.values(), ["parent"])
    return len(rows)
