"""A query cut into tokens; full-width forms, curly quotes and what people paste are understood here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from archive.terms import needle
from archive.values import FIELDS, RANGE_FIELDS, unknown_field

FURTHEST = 100  # characters between the two sides of NEAR


class QueryError(ValueError):
    """A query that cannot be read: `position` counts characters from 0; the message says what to write instead."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position


class Token(NamedTuple):
    kind: str  # word quoted prefix value field near ( ) AND OR NOT
    text: str  # of `near` the distance
    at: int


_FIELD = re.compile(rf"({'|'.join(FIELDS)})[ \u3000]*[:：]", re.IGNORECASE)
_LIKE_FIELD = re.compile(r"([a-zA-Z]{3,12}|[\u4e00-\u9fff]{2,4}):(?=[^\s:/：])")
_QUOTES = dict.fromkeys('"“”„‟＂', '"“”„‟＂') | {"「": "」", "『": "』"}
_BRACKETS = {"(": "(", "（": "(", ")": ")", "）": ")"}
_OPERATORS = {"AND": "AND", "&&": "AND", "与": "AND", "OR": "OR", "或": "OR", "NOT": "NOT", "非": "NOT"}
_MINUS = "-－−"
_STARS = "*＊"
_WORD = re.compile(r"[^\s\x00-\x1f()（）|｜\"“”„‟＂「『]+")
_NEAR = re.compile(r"NEAR(?:/(\d{1,9}))?", re.IGNORECASE)
_REGEX = re.compile(r"/.*(?:\.[*+?]|\\[dwsb]|\[.*\]).*/?")


def tokens(text: str) -> list[Token]:
    """Raises QueryError for what no reading of the rest could mend."""
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    in_range = False
    while at < len(text):
        character = text[at]
        if in_range and (word := _WORD.match(text, at)):
            yield Token("value", word[0], at)
            at, in_range = word.end(), False
        elif character in _BRACKETS:
            yield Token(_BRACKETS[character], character, at)
            at, in_range = at + 1, False
        elif character in _QUOTES:
            token, at = _quoted(text, at)
            yield from (token._replace(kind="value") if in_range else token,) if token else ()
            in_range = False
        elif character in "|｜":
            width = 2 if text[at : at + 2] in ("||", "｜｜") else 1
            yield Token("OR", text[at : at + width], at)
            at += width
        elif field := _FIELD.match(text, at):
            yield Token("field", field[1], at)
            at, in_range = field.end(), FIELDS[field[1].lower()] in RANGE_FIELDS
        elif character in _MINUS + "+＋" and at + 1 < len(text):
            # Only before something: a dash between spaces is punctuation of a pasted headline.
            if character in _MINUS and not text[at + 1].isspace():
                yield Token("NOT", character, at)
            at += 1
        elif word := _WORD.match(text, at):
            yield from _word(word[0], at)
            at = word.end()
        else:
            at += 1


def _quoted(text: str, at: int) -> tuple[Token | None, int]:
    """The string that opens at `at`, and where the query goes on."""
    end = next((i for i in range(at + 1, len(text)) if text[i] in _QUOTES[text[at]]), -1)
    if end < 0:
        raise QueryError(at, f"第 {at + 1} 个字符的引号没有配对：请在末尾补上引号，或删去它")
    inside = text[at + 1 : end]
    if needle(inside).terms:
        starred = end + 1 < len(text) and text[end + 1] in _STARS
        return Token("prefix" if starred else "quoted", inside, at), end + 1 + starred
    if inside.strip():
        raise QueryError(at, f"第 {at + 1} 个字符的引号里没有可检索的文字：请写汉字、字母或数字")
    return None, end + 1


def _word(word: str, at: int) -> Iterator[Token]:
    plain = unicodedata.normalize("NFKC", word)
    if operator := _OPERATORS.get(plain):
        yield Token(operator, word, at)
    elif near := _NEAR.fullmatch(plain):
        distance = int(near[1] or 5)
        if distance > FURTHEST:
            raise QueryError(at, f"第 {at + 1} 个字符：NEAR 的距离最多 {FURTHEST} 个字，例如 NEAR/5")
        yield Token("near", str(distance), at)
    elif _REGEX.fullmatch(plain):
        raise QueryError(at, f"第 {at + 1} 个字符：不提供正则表达式；可用 前缀*、或、NEAR/5，要检索这些符号之间的文字请加引号")
    elif (guess := _LIKE_FIELD.match(word)) and (advice := unknown_field(guess[1])):
        raise QueryError(at, f"第 {at + 1} 个字符：{advice}")
    elif word[0] in _STARS and needle(word).terms:
        raise QueryError(at, f"第 {at + 1} 个字符：星号只能写在末尾（公安*），不能开头；要检索后面的字，直接写 {word.lstrip('*＊')}")
    elif word[-1] in _STARS and needle(word).terms:
        yield Token("prefix", word.rstrip(_STARS), at)
    elif needle(word).terms:
        yield Token("word", word, at)
