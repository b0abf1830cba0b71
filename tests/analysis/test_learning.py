"""The learned model: plain arrays with a hash, refused when altered; the service then runs on rules and says so."""

import numpy as np
import pytest

from analysis import learning
from analysis.loading import MODEL, load_reader
from tests.analysis.words import CONFIG, post


@pytest.fixture
def small_model(tmp_path):
    weights = np.zeros((1 << learning.BITS, len(learning.HEADS)), dtype=np.float32)
    for index in learning.features("警方通报", ["警方", "通报"]):
        weights[index, 0] = 3.0
    idf = np.full(1 << learning.IDF_BITS, 5.0)
    path = tmp_path / "m.npz"
    learning.save(path, weights, np.full(len(learning.HEADS), -2.0), idf, {"trained": "2026-01-01", "files": {}})
    return path


def test_what_was_saved_predicts(small_model):
    model = learning.load(small_model)
    assert model.predict("警方通报", ["警方", "通报"])["direct"] > 0.9
    assert model.predict("今天天气", ["今天", "天气"])["direct"] < 0.2
    assert model.rarity(["警方", "通报"]) == [5.0, 5.0]


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
    assert MODEL.stat().st_size < 3_000_000


def test_features_are_the_same_in_every_process():
    # crc32 and fixed multipliers, never Python's salted hash: a model must mean the same tomorrow
    assert learning.features("警方", ["警方"]).sum() == 101428
