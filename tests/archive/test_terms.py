"""Terms, and that an engine finds with them what a person would see in the text."""

from __future__ import annotations

import opencc
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from archive.embedded import Embedded
from archive.query import Filter, Text
from archive.results import Page
from archive.simplified import SIMPLIFIED, TRADITIONAL
from archive.terms import fold, index_terms, needle, pattern
from tests.archive.conftest import NOON, document

# Few letters, so that strings meet by chance; every kind of character that joins or parts terms.
ALPHABET = st.sampled_from("西安警方通报甲乙ab3４Ｚ７。，、 “”_\u200b🕯㎏é・々")
TEXTS = st.text(ALPHABET, min_size=0, max_size=24)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("西安警方", "西安 安警 警方 方"),
        ("死", "死"),
        ("西安，警方", "西安 安 ^警 警方 方"),
        ("罚款30元", "罚款 款 30 ^元 元"),
        ("ＫＦＣ2024年", "kfc 2024 ^年 年"),
        ("iPhone15", "iphone 15"),
        ("二〇二四年", "二〇 〇二 二四 四年 年"),
        ("西\u200b安", "西安 安"),
        ("卡·尔", "卡 ^尔 尔"),
        ("悼念🕯🕯", "悼念 念 🕯 🕯"),
        ("，。！", ""),
        ("", ""),
    ],
)
def test_text_becomes_bigrams_run_ends_and_folded_words(text, terms):
    assert index_terms(text) == terms


@pytest.mark.parametrize(
    ("text", "terms", "prefix"),
    [
        ("西安", ("西安",), False),
        ("西安警", ("西安", "安警"), False),
        ("死", ("死",), True),
        ("30元", ("30", "^元"), False),
        ("西安，警方", ("西安", "安", "^警", "警方"), False),
        ("西安，警", ("西安", "安", "^警"), False),
        ("！", (), False),
    ],
)
def test_the_last_run_of_a_searched_string_stays_open(text, terms, prefix):
    assert (needle(text).terms, needle(text).prefix) == (terms, prefix)


@given(TEXTS, TEXTS)
def test_a_part_of_a_text_folds_to_a_part_of_the_folded_text(left, right):
    assert fold(left + right) == fold(left) + fold(right)


@given(text=TEXTS, start=st.integers(0, 23), length=st.integers(1, 8))
def test_every_part_of_a_text_that_cuts_no_number_or_word_is_seen_by_the_pattern(text, start, length):
    part = text[start : start + length]
    assume(needle(part).terms and not _cuts_a_word(text, start, start + len(part)))
    assert pattern(part).search(fold(text))


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=12, unique=True), data=st.data())
def test_the_engine_finds_exactly_the_texts_in_which_the_pattern_matches(texts, data, tmp_path_factory):
    engine = Embedded(tmp_path_factory.mktemp("index"))
    engine.add([document(i, text) for i, text in enumerate(texts)])
    engine.close()
    for _ in range(12):
        text = data.draw(st.sampled_from(texts))
        start = data.draw(st.integers(0, max(0, len(text) - 1)))
        part = text[start : start + data.draw(st.integers(1, 8))]
        if not needle(part).terms:
            continue
        found = engine.search(Text(part), Filter(), Page(sort="newest", limit=50))
        expected = {i for i, text in enumerate(texts) if pattern(part).search(fold(text))}
        assert {row.post_id for row in found.rows} == expected, part
        assert found.total == len(expected)


def test_a_number_is_not_found_inside_another_number(tmp_path):
    engine = Embedded(tmp_path / "index")
    engine.add([document(1, "罚款130元"), document(2, "罚款30元整", at=NOON)])
    engine.close()
    found = engine.search(Text("30元"), Filter(), Page(sort="newest", limit=9))
    assert [row.post_id for row in found.rows] == [2]


def test_a_lone_character_has_any_number_of_endings(tmp_path):
    """tantivy's own prefix queries stop at 50 terms."""
    engine = Embedded(tmp_path / "index")
    endings = [chr(0x4E00 + i) for i in range(300)]
    engine.add([document(i, f"共3人{c}") for i, c in enumerate(endings)])
    engine.close()
    assert engine.search(Text("3人"), Filter(), Page(sort="newest", limit=1)).total == 300
    assert engine.search(Text("人"), Filter(), Page(sort="newest", limit=1)).total == 300


def _cuts_a_word(text: str, start: int, end: int) -> bool:
    """Digits or letters go on beyond the part (after folding, invisible characters away)."""
    before, part, after = fold(text[:start]), fold(text[start:end]), fold(text[end:])
    pairs = [(before[-1:], part[:1]), (part[-1:], after[:1])]
    return any((a.isdigit() and b.isdigit()) or (_letter(a) and _letter(b)) for a, b in pairs)


def _letter(character: str) -> bool:
    return bool(character) and character in "abzkgé"


def test_traditional_and_simplified_are_one_and_lengths_never_change():
    assert fold("臺灣警察於後裏") == "台湾警察于后里"
    assert all(len(fold(c)) == 1 for c in TRADITIONAL)
    assert index_terms("公眾號") == index_terms("公众号")


def test_the_table_is_what_opencc_itself_says():
    convert = opencc.OpenCC("t2s").convert
    differ = [(c, s) for c, s in zip(TRADITIONAL, SIMPLIFIED, strict=True) if convert(convert(c)) != s]
    assert differ == []
    missing = [c for c in map(chr, range(0x4E00, 0xA000)) if convert(c) != c and c not in TRADITIONAL]
    assert missing == []
