"""MinHash signatures in compact arrays, found again through 20 bands of 3.

A hash table of int32 chains in numpy: about 270 bytes a signature, where dicts of bands take 2 to 6 kB
(each of 60 values keeps its low 16 bits: two differing values look equal once in 65,536).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PERMUTATIONS, BANDS, ROWS = 60, 20, 3
CHAIN = 256  # entries of one bucket that are looked at, newest first: a template repeated daily makes long chains
_NONE = -1
# Odd 64 bit constants (from the digits of pi); multiply-shift hashing of three values and the band's number.
_MIX = np.array([0x243F6A8885A308D3, 0x13198A2E03707345, 0xA4093822299F31D1], dtype=np.uint64)
_SALT = np.arange(BANDS, dtype=np.uint64) * np.uint64(0x082EFA98EC4E6C89)


class Bands:
    """Slots 0..n-1, each holding one signature or none."""

    def __init__(self, capacity: int = 1024) -> None:
        self.count = 0
        self._next: NDArray[np.int32]
        self._values = np.zeros((capacity, PERMUTATIONS), dtype=np.uint16)
        self._link()

    def append(self, signature: bytes | None) -> int:
        """Give the signature (60 little-endian uint32) the next slot; None takes a slot that is never found."""
        if self.count == len(self._values):
            self._grow(self.count + max(1024, self.count // 4))
        slot = self.count
        self.count += 1
        if signature is not None:
            values = _short(signature)
            self._values[slot] = values
            buckets = _buckets(values[None, :], self._shift)[0]
            self._next[slot] = self._heads[buckets]
            self._heads[buckets] = np.arange(slot * BANDS, slot * BANDS + BANDS, dtype=np.int32)
        return slot

    def near(self, signature: bytes, least: float) -> list[tuple[float, int]]:
        """(estimated Jaccard, slot) of those at or above `least`, likest first, then oldest."""
        values = _short(signature)
        slots = self._sharing(values)
        if not slots:
            return []
        equal = (self._values[slots] == values).sum(axis=1)
        found = [(n / PERMUTATIONS, s) for n, s in zip(equal.tolist(), slots, strict=True) if n >= least * PERMUTATIONS]
        return sorted(found, key=lambda pair: (-pair[0], pair[1]))

    def _sharing(self, values: NDArray[np.uint16]) -> list[int]:
        heads, following = self._heads_view, self._next_view
        slots: set[int] = set()
        for bucket in _buckets(values[None, :], self._shift)[0].tolist():
            entry = heads[bucket]
            for _ in range(CHAIN):
                if entry == _NONE:
                    break
                slots.add(entry // BANDS)
                entry = following[entry]
        return sorted(slots)

    def keep(self, slots: NDArray[np.intp]) -> None:
        """Drop every other slot; the kept ones are numbered anew in their order."""
        self.count = len(slots)
        self._values = _longer(self._values[slots], max(self.count, 1024), 0)
        self._link()

    def _grow(self, capacity: int) -> None:
        self._values = _longer(self._values, capacity, 0)
        if _bits(capacity) == len(self._heads).bit_length() - 1:
            self._next = _longer(self._next, capacity, _NONE)
            self._look()
        else:
            self._link()

    def _link(self) -> None:
        """Build all chains anew, in the order in which `append` would have made them."""
        bits = _bits(len(self._values))
        self._shift = np.uint64(64 - bits)
        self._heads = np.full(1 << bits, _NONE, dtype=np.int32)
        self._next = np.full((len(self._values), BANDS), _NONE, dtype=np.int32)
        filled = np.flatnonzero(self._values[: self.count].any(axis=1))
        for start in range(0, len(filled), 50_000):
            self._chain(filled[start : start + 50_000])
        self._look()

    def _look(self) -> None:
        # one entry read through a memoryview costs a third of one read through numpy
        self._heads_view, self._next_view = self._heads.data, self._next.reshape(-1).data

    def _chain(self, slots: NDArray[np.intp]) -> None:
        buckets = _buckets(self._values[slots], self._shift).reshape(-1)
        entries = (slots[:, None] * BANDS + np.arange(BANDS)).reshape(-1).astype(np.int32)
        order = np.argsort(buckets, kind="stable")
        buckets, entries = buckets[order], entries[order]
        first = np.append(True, buckets[1:] != buckets[:-1])
        before = np.where(first, self._heads[buckets], np.append(_NONE, entries[:-1]))
        self._next.reshape(-1)[entries] = before
        last = np.append(first[1:], True)
        self._heads[buckets[last]] = entries[last]


def _bits(capacity: int) -> int:
    """Buckets, as a power of two, so that the chains of a full table hold one entry on average."""
    return max(10, (capacity * BANDS - 1).bit_length())


def _longer(rows: NDArray[Any], length: int, fill: int) -> NDArray[Any]:
    more = np.full((max(length - len(rows), 0), rows.shape[1]), fill, dtype=rows.dtype)
    return np.concatenate([rows, more])


def _short(signature: bytes) -> NDArray[np.uint16]:
    return np.frombuffer(signature, dtype="<u4").astype(np.uint16)


def _buckets(values: NDArray[np.uint16], shift: np.uint64) -> NDArray[np.intp]:
    """Bucket of each band: (n, 60) -> (n, 20)."""
    wide = values.reshape(-1, BANDS, ROWS).astype(np.uint64) + np.uint64(1)
    mixed = (wide * _MIX).sum(axis=2, dtype=np.uint64) + _SALT
    mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    buckets: NDArray[np.intp] = (mixed >> shift).astype(np.intp)
    return buckets
