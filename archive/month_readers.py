"""Reading the months of the embedded index: always what was last committed, by whichever process."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import tantivy

from archive.months import IndexDamaged, open_month, read_manifest, reading

Stamp = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class OpenMonth:
    month: str  # 2024-05
    name: str  # its folder
    searcher: tantivy.Searcher


@dataclass(kw_only=True)
class _Reader:
    index: tantivy.Index
    stamp: Stamp
    month: OpenMonth


class MonthReaders:
    """Looks at the time stamps of a few small files before each search, so that no thread has to watch them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._stamp: Stamp | None = None
        self._names: dict[str, str] = {}
        self._readers: dict[str, _Reader] = {}

    def months(self) -> list[OpenMonth]:
        """Every month, newest first. Raises IndexMissing, IndexOutdated or IndexDamaged."""
        with self._lock:
            for _ in range(3):
                self._follow_manifest()
                try:
                    return [self._fresh(month) for month in sorted(self._names, reverse=True)]
                except IndexDamaged:
                    # A rebuild that swapped just now has removed the old folders: then the manifest has changed.
                    if self._stamp == _stamp(self._folder / "manifest.json"):
                        raise
            raise IndexDamaged("检索库正在更换，请再试一次")

    def _follow_manifest(self) -> None:
        stamp = _stamp(self._folder / "manifest.json")
        if stamp is None or stamp != self._stamp:
            self._stamp, self._names = None, {}
            self._names = read_manifest(self._folder)
            self._stamp = stamp
            self._readers = {name: r for name, r in self._readers.items() if name in self._names.values()}

    def _fresh(self, month: str) -> OpenMonth:
        name = self._names[month]
        stamp = _stamp(self._folder / name / "meta.json")
        reader = self._readers.get(name)
        if stamp is None or reader is None or reader.stamp != stamp:
            # The stamp is taken first: a commit in between is then seen by the next search.
            index = reader.index if reader and stamp else open_month(self._folder, name)
            with reading(name):
                index.reload()
                found = OpenMonth(month=month, name=name, searcher=index.searcher())
            reader = _Reader(index=index, stamp=stamp or (0, 0, 0), month=found)
            self._readers[name] = reader
        return reader.month


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
