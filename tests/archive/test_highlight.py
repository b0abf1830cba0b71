"""Marks stand on the text as it was written."""

from __future__ import annotations

from archive import highlight
from archive.highlight import bracketed
from archive.query import Text


def marked(text: str, needles: list[str]) -> list[highlight.Piece]:
    return highlight.marked(text, map(Text, needles))


def snippet(text: str, needles: list[str], width: int = highlight.WIDTH) -> list[highlight.Piece]:
    return highlight.snippet(text, map(Text, needles), width)


def test_marks_keep_the_original_characters():
    assert bracketed(marked("罚款３０元，KFC门店", ["30元", "kfc"])) == "罚款「３０元」，「KFC」门店"


def test_folding_that_changes_the_length_does_not_shift_marks():
    assert bracketed(marked("重㎏的西\u200b安城墙", ["西安"])) == "重㎏的「西\u200b安」城墙"


def test_a_part_of_a_folded_character_marks_the_whole_of_it():
    assert bracketed(marked("约3㎏重", ["kg重"])) == "约3「㎏重」"


def test_overlapping_hits_are_one_mark():
    assert bracketed(marked("西安警方通报", ["西安警方", "警方通报"])) == "「西安警方通报」"


def test_a_number_inside_a_number_is_not_marked():
    assert bracketed(marked("130元和30元", ["30元"])) == "130元和「30元」"


def test_punctuation_inside_a_phrase_is_marked_with_it():
    assert bracketed(marked("在西安，警方", ["西安警方"])) == "在西安，警方"
    assert bracketed(marked("在西安，警方", ["西安 警方"])) == "在「西安，警方」"


def test_a_snippet_shows_the_place_with_most_hits_and_says_where_it_was_cut():
    text = "警方" + "甲" * 200 + "西安警方通报死亡" + "乙" * 200
    shown = bracketed(snippet(text, ["警方", "西安", "死亡"], width=40))
    assert "「西安警方」通报「死亡」" in shown
    assert shown.startswith("…") and shown.endswith("…")
    assert len(shown.replace("「", "").replace("」", "")) == 42


def test_a_text_without_hits_is_shown_from_its_beginning():
    assert bracketed(snippet("甲" * 100, ["警方"], width=10)) == "甲" * 10 + "…"


def test_line_breaks_become_spaces():
    assert bracketed(snippet("西安\n\n警方", ["警方"])) == "西安 「警方」"


def test_a_hit_wider_than_the_snippet_is_shown_whole():
    assert bracketed(snippet("甲" * 30 + "西安警方通报" + "乙" * 30, ["西安警方通报"], width=4)) == "…「西安警方通报」…"


def test_a_snippet_is_the_whole_of_a_short_text():
    assert bracketed(snippet("西安", ["西安"])) == "「西安」"
    assert bracketed(snippet("", ["西安"])) == ""
