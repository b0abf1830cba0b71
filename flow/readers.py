"""Reading posts: pure, the costly part, done in other processes when there is much of it."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from analysis.loading import load_reader
from analysis.reading import PostText, Reader, Verdict

Read = Verdict | str  # a verdict, or why reading this post failed


def read_each(reader: Reader, texts: Sequence[PostText]) -> list[Read]:
    """A verdict for each text; one that cannot be read becomes its error and the rest goes on."""
    found: list[Read] = []
    for text in texts:
        try:
            found.append(reader.read(text))
        except Exception as e:
            found.append(f"{type(e).__name__}: {e}")
    return found


_reader: Reader | None = None


def _start(folder: Path, units: list[dict[str, Any]]) -> None:
    global _reader
    _reader = load_reader(folder, units)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    """Leave when the engine is gone: a worker of a killed engine would wait for work for ever."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


def _work(texts: Sequence[PostText]) -> list[Read]:
    assert _reader is not None
    return read_each(_reader, texts)


class Readers:
    """Reads in this process, or with `processes` > 0 in so many others (they hold no database)."""

    def __init__(self, folder: Path, units: list[dict[str, Any]], processes: int = 0) -> None:
        self._folder, self._units, self._processes = folder, units, processes
        self._here: Reader | None = None
        self._pool: ProcessPoolExecutor | None = None

    @property
    def here(self) -> Reader:
        if self._here is None:
            self._here = load_reader(self._folder, self._units)
        return self._here

    def read(self, chunks: Sequence[Sequence[PostText]]) -> Iterator[list[Read]]:
        """The verdicts of each chunk, in order. A single chunk is read here: it is not worth the way."""
        if self._processes == 0 or len(chunks) == 1:
            for chunk in chunks:
                yield read_each(self.here, chunk)
            return
        futures = [self._ask(chunk) for chunk in chunks]
        for future, chunk in zip(futures, chunks, strict=True):
            try:
                if future is None:
                    raise BrokenProcessPool
                yield future.result()
            except BrokenProcessPool:
                # A reader died (killed, out of memory): nothing is lost, this process reads on.
                self._pool = None
                yield read_each(self.here, chunk)

    def _ask(self, chunk: Sequence[PostText]) -> Future[list[Read]] | None:
        try:
            return self._workers().submit(_work, chunk)
        except (BrokenProcessPool, RuntimeError):  # it died between two chunks, or the interpreter is going down
            return None

    def _workers(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # spawn: a forked child would share database connections and the search index's lock
            self._pool = ProcessPoolExecutor(
                self._processes,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start,
                initargs=(self._folder, self._units),
            )
        return self._pool

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
