"""Vectors of words: what a word is about, learned from the words it stands beside. Plain arrays with a hash.

Words are kept as hashes (crc32), never as text. A text's vector is the sum of those of its words, frequent ones counting
less (Arora et al. 2017), at unit length: so 撞倒 helps where only 撞飞 was ever labelled.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

SMOOTH = 1e-3  # share of all words at which a word counts half


class ModelError(Exception):
    """A model file is missing or damaged; the reader goes on with its rules and says so."""


class Vectors:
    """`keys` (V): crc32 of each word; `table` (V x dims, int8): its vector; `weight` (V): length for one step of int8."""

    def __init__(self, keys: np.ndarray, table: np.ndarray, weight: np.ndarray, sha256: str) -> None:
        self._row = dict(zip(keys.tolist(), range(len(keys)), strict=True))
        self._table = table
        self._weight = weight.astype(np.float32)
        self.dims = int(table.shape[1])
        self.sha256 = sha256

    def of(self, words: Sequence[str]) -> np.ndarray:
        """The vector of a text's words, length 1; zeros when none of them is known."""
        rows = [row for word in words if (row := self._row.get(zlib.crc32(word.encode()))) is not None]
        if not rows:
            return np.zeros(self.dims, dtype=np.float32)
        found: np.ndarray = self._weight[rows] @ self._table[rows]
        return found / (float(np.sqrt(found @ found)) + 1e-9)


def digest(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 over names, types, shapes and contents."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        found.update(f"{name}{array.dtype}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def write(path: Path, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> dict[str, Any]:
    """An .npz without pickle whose header carries the hash of its arrays. Returns the header."""
    header = {**header, "sha256": digest(arrays)}
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    told = np.frombuffer(json.dumps(header, ensure_ascii=False).encode(), dtype=np.uint8)
    np.savez_compressed(buffer, allow_pickle=False, header=told, **arrays)
    path.write_bytes(buffer.getvalue())
    return header


def read(path: Path, names: Sequence[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the header of a file of ours. Raises ModelError when missing, damaged or altered."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in names}
            header = json.loads(bytes(file["header"]))
    except FileNotFoundError:
        raise ModelError(f"没有模型文件 {path.name}") from None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error, EOFError) as e:
        raise ModelError(f"模型文件 {path.name} 无法读取：{e}") from e
    if digest(arrays) != header.get("sha256"):
        raise ModelError(f"模型文件 {path.name} 与其校验值不符，已拒用")
    return arrays, header


def load(path: Path) -> Vectors:
    """The vectors at `path`. Raises ModelError."""
    arrays, header = read(path, ("keys", "table", "weight"))
    return Vectors(arrays["keys"], arrays["table"], arrays["weight"], header["sha256"])


def save(path: Path, keys: np.ndarray, table: np.ndarray, counts: np.ndarray, note: dict[str, Any]) -> Vectors:
    """Write unit vectors (float) as int8, each word weighing by how rare it is; returns them as they will be loaded."""
    share = counts / counts.sum()
    arrays: dict[str, np.ndarray] = {
        "keys": keys.astype(np.uint32),
        "table": np.round(table * 127).astype(np.int8),
        "weight": (SMOOTH / (SMOOTH + share) / 127).astype(np.float32),
    }
    header = write(path, arrays, note)
    return Vectors(arrays["keys"], arrays["table"], arrays["weight"], header["sha256"])
