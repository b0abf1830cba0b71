"""The query language: text to a tree that each engine turns into its own query.

    西安 警方            both, anywhere           "西安 警方"   exactly this string (any kind of double quotes, 「」)
    甲 与 乙 / AND       both                     甲 或 乙 / OR / |    either
    非 甲 / NOT / -甲    not                      (甲 或 乙) 丙        brackets
    标题: 正文: 来源: 等级: 事件: 平台: 类型:        fields; also before a bracket

Precedence, strongest first: field, NOT, AND (written or implied by a space), OR. So `甲 或 乙 丙` is 甲 或 (乙 与 丙).
Full-width forms mean the same. Punctuation inside a word is ignored by search, so headlines can be pasted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from archive.terms import needle

MAX_LENGTH = 4000
MAX_WORDS = 300
MAX_DEPTH = 40
GRADES = ("特别重大", "重大", "较大", "一般")
PLATFORMS = {
    "weibo": ("微博", "新浪微博"), "wechat": ("微信", "公众号"), "news": ("新闻", "网站"), "video": ("视频", "短视频"),
    "forum": ("论坛", "贴吧"), "app": ("客户端",), "other": ("其他",),
}  # fmt: skip
FIELDS = {
    "标题": "title", "title": "title", "正文": "body", "body": "body", "来源": "source", "source": "source",
    "等级": "grade", "grade": "grade", "事件": "event", "event": "event", "平台": "platform", "platform": "platform",
    "类型": "type", "type": "type",
}  # fmt: skip
TEXT_FIELDS = ("title", "body", "source")
_FIELD = re.compile(rf"({'|'.join(FIELDS)})[ \u3000]*[:：]", re.IGNORECASE)
_QUOTES = dict.fromkeys('"“”„‟＂', '"“”„‟＂') | {"「": "」", "『": "』"}
_BRACKETS = {"(": "(", "（": "(", ")": ")", "）": ")"}
_OPERATORS = {"AND": "AND", "&&": "AND", "与": "AND", "OR": "OR", "或": "OR", "NOT": "NOT", "非": "NOT"}
_MINUS = "-－−"
_WORD = re.compile(r"[^\s\x00-\x1f()（）|｜\"“”„‟＂「『]+")


class QueryError(ValueError):
    """A query that cannot be read: `position` counts characters from 0; the message says what to write instead."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True)
class Everything:
    """The empty query."""


@dataclass(frozen=True)
class Text:
    """A string to be found; `field` is title, body, source, or "" for title and body."""

    text: str
    field: str = ""


@dataclass(frozen=True)
class Tag:
    """A value that must be equal: grade, event (digits), platform (code), type (T01…)."""

    field: str
    value: str


@dataclass(frozen=True)
class Not:
    part: Node


@dataclass(frozen=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Node, ...]


Node = Everything | Text | Tag | Not | And | Or


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What narrows a search beside its text. `start` <= published_at < `end` (aware); within a tuple any value fits."""

    start: datetime | None = None
    end: datetime | None = None
    sources: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    events: tuple[int, ...] = ()
    platforms: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


class Token(NamedTuple):
    kind: str  # word quoted field ( ) AND OR NOT
    text: str
    at: int


def parse(text: str) -> Node:
    """The tree of a query. Raises QueryError, whose message is Chinese and names the character."""
    if len(text) > MAX_LENGTH:
        raise QueryError(MAX_LENGTH, f"检索式有 {len(text)} 个字符，最多 {MAX_LENGTH} 个：请拆成几次检索")
    tokens = list(_tokens(text))
    words = [t for t in tokens if t.kind in ("word", "quoted")]
    if len(words) > MAX_WORDS:
        raise QueryError(words[MAX_WORDS].at, f"检索词有 {len(words)} 个，最多 {MAX_WORDS} 个：请拆成几次检索")
    if not tokens:
        if text.strip():
            raise QueryError(0, "检索式里没有可检索的文字：请写至少一个汉字、字母或数字")
        return Everything()
    return _Parser(tokens, len(text)).whole()


def positive_texts(node: Node) -> list[Text]:
    """The strings whose presence makes a hit, for marking them: those under an even number of NOTs."""
    return list(_texts(node, True))


def _texts(node: Node, wanted: bool) -> Iterator[Text]:
    match node:
        case Text() if wanted:
            yield node
        case Not(part):
            yield from _texts(part, not wanted)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _texts(part, wanted)
        case _:
            return


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        character = text[at]
        if character in _BRACKETS:
            yield Token(_BRACKETS[character], character, at)
            at += 1
        elif character in _QUOTES:
            end = next((i for i in range(at + 1, len(text)) if text[i] in _QUOTES[character]), -1)
            if end < 0:
                raise QueryError(at, f"第 {at + 1} 个字符的引号没有配对：请在末尾补上引号，或删去它")
            if needle(text[at + 1 : end]).terms:
                yield Token("quoted", text[at + 1 : end], at)
            elif text[at + 1 : end].strip():
                raise QueryError(at, f"第 {at + 1} 个字符的引号里没有可检索的文字：请写汉字、字母或数字")
            at = end + 1
        elif character in "|｜":
            width = 2 if text[at : at + 2] in ("||", "｜｜") else 1
            yield Token("OR", text[at : at + width], at)
            at += width
        elif field := _FIELD.match(text, at):
            yield Token("field", field[1], at)
            at = field.end()
        elif character in _MINUS + "+＋" and at + 1 < len(text):
            # Only before something: a dash between spaces is punctuation of a pasted headline.
            if character in _MINUS and not text[at + 1].isspace():
                yield Token("NOT", character, at)
            at += 1
        elif word := _WORD.match(text, at):
            operator = _OPERATORS.get(unicodedata.normalize("NFKC", word[0]))
            if operator:
                yield Token(operator, word[0], at)
            elif needle(word[0]).terms:
                yield Token("word", word[0], at)
            at = word.end()
        else:
            at += 1


class _Parser:
    def __init__(self, tokens: list[Token], length: int) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0
        self._end = length

    def whole(self) -> Node:
        node = self._either("")
        if token := self._peek():
            raise QueryError(token.at, f"第 {token.at + 1} 个字符多出一个右括号：请删去它，或在前面补上左括号")
        return node

    def _peek(self, *kinds: str) -> Token | None:
        if self._next >= len(self._tokens):
            return None
        token = self._tokens[self._next]
        return token if not kinds or token.kind in kinds else None

    def _take(self) -> Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _either(self, field: str) -> Node:
        parts = [self._both(field)]
        while self._peek("OR"):
            self._need_after(self._take())
            parts.append(self._both(field))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self, field: str) -> Node:
        parts = [self._maybe_not(field)]
        while token := self._peek():
            if token.kind == "AND":
                self._need_after(self._take())
            elif token.kind in ("OR", ")"):
                break
            parts.append(self._maybe_not(field))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _maybe_not(self, field: str) -> Node:
        negative = False
        while self._peek("NOT"):
            self._need_after(self._take())
            negative = not negative
        part = self._one(field)
        return Not(part) if negative else part

    def _one(self, field: str) -> Node:
        token = self._peek()
        if token is None:
            raise QueryError(self._end, "末尾缺少检索词：请补上，或删去最后的运算符")
        if token.kind in ("AND", "OR"):
            raise QueryError(
                token.at, f"第 {token.at + 1} 个字符“{token.text}”前面缺少检索词；要检索这个字词本身，请加引号"
            )
        if token.kind == ")":
            raise QueryError(token.at, f"第 {token.at + 1} 个字符的右括号前面没有内容：请补上检索词，或删去括号")
        self._take()
        if token.kind == "field":
            return self._fielded(token, field)
        if token.kind == "(":
            return self._bracket(token, field)
        return _leaf(token, field)

    def _fielded(self, token: Token, outer: str) -> Node:
        if outer:
            raise QueryError(token.at, f"第 {token.at + 1} 个字符：字段“{token.text}”不能写在另一个字段的括号里")
        if not self._peek("word", "quoted", "("):
            raise QueryError(token.at, f"第 {token.at + 1} 个字符：“{token.text}：”后面缺少内容，例如 {_example(token)}")
        return self._one(FIELDS[token.text.lower()])

    def _bracket(self, token: Token, field: str) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise QueryError(token.at, f"括号最多套 {MAX_DEPTH} 层：请简化检索式")
        node = self._either(field)
        if not self._peek(")"):
            raise QueryError(token.at, f"第 {token.at + 1} 个字符的左括号没有配对：请补上右括号")
        self._take()
        self._depth -= 1
        return node

    def _need_after(self, operator: Token) -> None:
        following = self._peek()
        if following is None or following.kind in ("AND", "OR", ")"):
            raise QueryError(
                operator.at,
                f"第 {operator.at + 1} 个字符“{operator.text}”后面缺少检索词；要检索这个字词本身，请加引号",
            )


def _leaf(token: Token, field: str) -> Node:
    if field in ("", *TEXT_FIELDS):
        return Text(token.text, field)
    value = unicodedata.normalize("NFKC", token.text).strip()
    checked = _checked(field, value)
    if checked is None:
        raise QueryError(token.at, f"第 {token.at + 1} 个字符：没有“{value}”；{_choices(field)}")
    return Tag(field, checked)


def _checked(field: str, value: str) -> str | None:
    """The value as the index holds it, or None when there is no such value."""
    if field == "grade":
        return value if value in GRADES else None
    if field == "event":
        digits = value.removeprefix("#")
        return str(int(digits)) if digits.isdecimal() and len(digits) < 19 else None
    if field == "type":
        return value.upper() if re.fullmatch(r"[Tt]\d\d", value) else None
    return next((code for code, names in PLATFORMS.items() if value.lower() == code or value in names), None)


def _choices(field: str) -> str:
    return {
        "grade": "等级可写 " + "、".join(GRADES),
        "event": "事件请写编号，例如 事件:12",
        "type": "类型请写代号，例如 类型:T04",
        "platform": "平台可写 " + "、".join(names[0] for names in PLATFORMS.values()),
    }[field]


def _example(token: Token) -> str:
    values = {"grade": "重大", "event": "12", "type": "T04", "platform": "微博", "source": "华商网"}
    return f"{token.text}:{values.get(FIELDS[token.text.lower()], '警方')}"


