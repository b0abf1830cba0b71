"""The learned model: plain arrays with a hash, refused when altered; the service then runs on rules and says so."""

import zlib

import numpy as np
import pytest

from analysis import learning, signals, vectors
from analysis.loading import MODEL, load_reader
from tests.analysis.words import CONFIG, post

SEEN = [0.0] * len(signals.NAMES)


@pytest.fixture
def small_model(tmp_path):
    table = np.array([[1.0, 0.0], [0.0, 1.0]])
    keys = np.array([zlib.crc32("警方".encode()), zlib.crc32("天气".encode())], dtype=np.uint32)
    words = vectors.save(tmp_path / "vectors.npz", keys, table, np.array([10.0, 10.0]), {})
    arrays = {
        "weights": np.zeros((1 << learning.BITS, len(learning.HEADS)), dtype=np.float32),
        "dense": np.zeros((len(signals.NAMES) + 4, len(learning.HEADS)), dtype=np.float32),
        "bias": np.full(len(learning.HEADS), -2.0),
        "idf": np.full(1 << learning.IDF_BITS, 5.0),
    }
    for index in learning.features("警方通报", ["警方", "通报"]):
        arrays["weights"][index, 0] = 3.0
    path = tmp_path / "m.npz"
    learning.save(path, arrays, words, {"trained": "2026-01-01", "files": {}})
    return path


def test_what_was_saved_predicts(small_model):
    model = learning.load(small_model)
    assert model.predict("警方通报", ["警方", "通报"], [], SEEN)["direct"] > 0.9
    assert model.predict("今天天气", ["今天", "天气"], [], SEEN)["direct"] < 0.2
    assert model.rarity(["警方", "通报"]) == [5.0, 5.0]


def test_the_words_that_speak_for_a_head_are_named(small_model):
    assert learning.load(small_model).speaking(["今天", "警方", "警方"], "direct") == ["警方"]


def test_the_vector_of_a_text_is_of_length_one_and_of_unknown_words_nothing(small_model):
    words = vectors.load(small_model.with_name("vectors.npz"))
    both = words.of(["警方", "天气", "没有见过的词"])
    assert np.allclose(both, [0.7071, 0.7071], atol=1e-3)
    assert not words.of(["没有见过的词"]).any()


def test_vectors_of_another_model_are_refused(small_model, tmp_path):
    vectors.save(tmp_path / "vectors.npz", np.array([1], dtype=np.uint32), np.array([[1.0, 0.0]]), np.array([1.0]), {})
    with pytest.raises(learning.ModelError, match="不是一套"):
        learning.load(small_model)


def test_without_its_vectors_a_model_is_refused_and_the_rules_go_on(small_model):
    small_model.with_name("vectors.npz").unlink()
    assert "没有模型文件 vectors.npz" in load_reader(CONFIG, None, small_model).model_note


def test_a_model_trained_for_other_signals_is_refused(small_model, monkeypatch):
    monkeypatch.setattr(signals, "NAMES", (*signals.NAMES, "another"))
    with pytest.raises(learning.ModelError, match="形状"):
        learning.load(small_model)


def test_an_altered_model_is_refused(small_model):
    with np.load(small_model) as file:
        arrays = dict(file)
    arrays["bias"] = arrays["bias"] + 1
    np.savez_compressed(small_model, **arrays)
    with pytest.raises(learning.ModelError, match="校验值不符"):
        learning.load(small_model)


def test_a_damaged_file_is_refused_and_the_rules_go_on(small_model):
    raw = bytearray(small_model.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    small_model.write_bytes(bytes(raw[: len(raw) - 40]))
    reader = load_reader(CONFIG, None, small_model)
    assert "只按规则" in reader.model_note
    assert reader.read(post("民警抓获小偷")).tier == "direct"


def test_a_missing_model_is_said_and_the_rules_go_on(tmp_path):
    reader = load_reader(CONFIG, None, tmp_path / "none.npz")
    assert "没有模型文件" in reader.model_note
    assert reader.read(post("民警抓获小偷")).tier == "direct"


def test_a_model_with_code_in_it_is_never_run(tmp_path):
    path = tmp_path / "planted.npz"
    np.savez(path, weights=np.array([{"a": 1}], dtype=object), bias=np.zeros(1), idf=np.zeros(1), header=np.zeros(1))
    with pytest.raises(learning.ModelError):
        learning.load(path)


def test_the_shipped_model_loads_and_says_what_it_came_from():
    model = learning.load(MODEL)
    assert model.header["files"] and model.header["own_labels"] and model.version in load_reader(CONFIG, None).version
    assert sum(file.stat().st_size for file in MODEL.parent.iterdir()) < 20_000_000


def test_features_are_the_same_in_every_process():
    # crc32 and fixed multipliers, never Python's salted hash: a model must mean the same tomorrow
    assert learning.features("警方", ["警方"], 2).sum() == 227430
