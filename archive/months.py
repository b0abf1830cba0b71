"""The embedded index on disk: one tantivy folder a month, a manifest that names them, one writer at a time.

    index/manifest.json   {"schema": 2, "months": {"2024-05": "2024-05.k3f9"}}
    index/2024-05.k3f9/   the posts of May 2024 (Shanghai time)
    index/writer.lock     held by the one process that writes

A month can be dropped or written anew without touching the others: that is how an erased post leaves the files
(design.md §7). Whatever the manifest does not name is rubbish of a crash, swept by the next writer.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import tantivy

from config.clock import SHANGHAI

SCHEMA = 2  # raise it when fields or terms change: every index of another number is built anew
OPEN_WRITERS = 3  # months written at once; replay and import mostly go through time in order
HEAP = 32 << 20
_FIRST_DAY = date(1970, 1, 1).toordinal()


class SearchUnavailable(Exception):
    """Search cannot answer or be written now; the message says why and what helps."""


class IndexMissing(SearchUnavailable):
    """There is no index yet."""


class IndexOutdated(SearchUnavailable):
    """The index was made by another version: it must be built anew from the posts."""


class IndexDamaged(SearchUnavailable):
    """The files of the index cannot be read."""


class IndexUnreachable(SearchUnavailable):
    """The search server does not answer, or refuses: posts wait until it does."""


class IndexBusy(SearchUnavailable):
    """Another process writes the index."""


def schema() -> tantivy.Schema:
    """`rank` orders posts by second and id (see `rank`), so that pages never overlap and time is a range of it."""
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("post_id", stored=True, indexed=True, fast=True)
    builder.add_integer_field("rank", indexed=True, fast=True)
    for name in ("title", "body", "source"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    builder.add_text_field("site", fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("grade", "platform", "type", "unit", "place"):
        builder.add_text_field(name, stored=name == "grade", fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("event", stored=True, indexed=True, fast=True)
    builder.add_unsigned_field("heat", indexed=True, fast=True)
    builder.add_unsigned_field("reposts", indexed=True, fast=True)
    builder.add_integer_field("day", fast=True)  # of 1970 in Shanghai, for counting by time
    builder.add_unsigned_field("digest", fast=True)  # what `check --index` compares
    return builder.build()


def rank(published_at: datetime, post_id: int = 0) -> int:
    """Seconds since 1970 above 30 bits of the id."""
    return (int(published_at.timestamp() // 1) << 30) | (post_id & (1 << 30) - 1)


def month_of(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m")


def day_of(instant: datetime) -> int:
    """Days since 1970-01-01, Shanghai time."""
    return instant.astimezone(SHANGHAI).toordinal() - _FIRST_DAY


def day_text(day: int) -> str:
    return date.fromordinal(day + _FIRST_DAY).isoformat()


def read_manifest(folder: Path) -> dict[str, str]:
    """Month -> folder name. Raises IndexMissing, IndexOutdated or IndexDamaged."""
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        version, months = manifest["schema"], dict(manifest["months"])
    except FileNotFoundError:
        raise IndexMissing("检索库还没有建立") from None
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise IndexDamaged(f"检索库的目录文件读不出来（{folder / 'manifest.json'}：{e}）") from e
    if version != SCHEMA:
        raise IndexOutdated(f"检索库是第 {version} 版的，本程序用第 {SCHEMA} 版")
    return months


def write_manifest(folder: Path, months: dict[str, str]) -> None:
    """Atomic: readers see the old months or the new ones."""
    fresh = folder / f"manifest.{secrets.token_hex(4)}.tmp"
    with open(fresh, "w") as f:
        json.dump({"schema": SCHEMA, "months": dict(sorted(months.items()))}, f, indent=1)
        f.flush()
        os.fsync(f.fileno())
    fresh.replace(folder / "manifest.json")


def sweep(folder: Path, months: dict[str, str]) -> None:
    """Remove what the manifest does not name. Only for the holder of the lock."""
    keep = set(months.values())
    for path in folder.iterdir():
        if path.is_dir() and path.name not in keep:
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix == ".tmp":
            path.unlink(missing_ok=True)


def open_month(folder: Path, name: str) -> tantivy.Index:
    """Raises IndexDamaged. Nothing watches the folder: readers reload when its meta file changes."""
    with reading(name):
        index = tantivy.Index.open(str(folder / name))
        index.config_reader("manual", 0)
        return index


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Whatever tantivy says about broken files becomes IndexDamaged; it panics on some, which is no Exception."""
    try:
        yield
    except (ValueError, OSError) as e:
        raise IndexDamaged(f"检索库 {name} 读不出来：{e}") from e
    except BaseException as e:
        if type(e).__name__ != "PanicException":
            raise
        raise IndexDamaged(f"检索库 {name} 读不出来：{e}") from e


class WriterLock:
    """Held by the one process (and within it the one writer) that may change the folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = open(folder / "writer.lock", "a+")  # noqa: SIM115 (held as long as the writer lives)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip() or "?"
            self._file.close()
            raise IndexBusy(f"另一个进程（pid {holder}）正在写检索库：请等它结束") from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        self._file.close()


class MonthWriters:
    """The tantivy writers of a set of months; `months` grows as posts of new months come."""

    def __init__(self, folder: Path, months: dict[str, str], *, heap: int = HEAP) -> None:
        self.folder = folder
        self.months = months
        self._heap = heap
        self._open: OrderedDict[str, tantivy.IndexWriter] = OrderedDict()

    def writer(self, month: str) -> tantivy.IndexWriter:
        """The month's writer, opened or made; the least recently used one is committed and closed for it."""
        if month in self._open:
            self._open.move_to_end(month)
            return self._open[month]
        if len(self._open) >= OPEN_WRITERS:
            self._finish(self._open.popitem(last=False)[1])
        self._open[month] = self._index(month).writer(self._heap, 1)
        return self._open[month]

    def _index(self, month: str) -> tantivy.Index:
        if month in self.months:
            return open_month(self.folder, self.months[month])
        name = f"{month}.{secrets.token_hex(4)}"
        (self.folder / name).mkdir()
        index = tantivy.Index(schema(), path=str(self.folder / name), reuse=False)
        self.months[month] = name
        return index

    def drop(self, month: str) -> None:
        """Forget a month whose files will go."""
        if writer := self._open.pop(month, None):
            self._finish(writer)

    def open_months(self) -> set[str]:
        return set(self._open)

    def commit(self) -> None:
        for writer in self._open.values():
            writer.commit()

    def close(self) -> None:
        while self._open:
            self._finish(self._open.popitem()[1])

    def remove(self) -> None:
        """Give up what was being built."""
        self._open.clear()
        for name in self.months.values():
            shutil.rmtree(self.folder / name, ignore_errors=True)

    @staticmethod
    def _finish(writer: tantivy.IndexWriter) -> None:
        writer.commit()
        # A writer that is dropped gives up its merges, and a month would end as hundreds of small segments.
        writer.wait_merging_threads()
