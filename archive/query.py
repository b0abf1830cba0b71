"""The query language: text to a tree that each engine turns into its own query.

    西安 警方            both, anywhere           "西安 警方"   exactly this string (any kind of double quotes, 「」)
    甲 与 乙 / AND       both                     甲 或 乙 / OR / |    either
    非 甲 / NOT / -甲    not                      (甲 或 乙) 丙        brackets
    甲 NEAR/5 乙         at most 5 characters between them, in either order
    covid*               words that begin so      时间:2024-05-01..2024-05-07 热度:>=橙 转发:>1万    ranges
    标题: 正文: 来源: 等级: 事件: 平台: 类型: 单位: 地点: 专题:       fields; also before a bracket

Precedence, strongest first: field, NEAR, NOT, AND (written or implied by a space), OR. So `甲 或 乙 丙` is
甲 或 (乙 与 丙). Full-width forms mean the same. Punctuation inside a word is ignored by search, so headlines can be
pasted.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime

from archive.ranges import EXAMPLES, parse_range
from archive.tokens import QueryError, Token, tokens
from archive.tree import (
    And,
    Everything,
    Filter,
    Ids,
    Near,
    Node,
    Not,
    Or,
    Range,
    Tag,
    Text,
    positive_texts,
    written,
)
from archive.values import FIELDS, GRADES, PLATFORMS, RANGE_FIELDS, TEXT_FIELDS, checked, choices, example

# The front door of the language: whoever asks needs this module alone.
__all__ = [
    "GRADES", "PLATFORMS", "And", "Everything", "Filter", "Ids", "Near", "Node", "Not", "Or", "QueryError", "Range", "Tag",
    "Text", "parse", "positive_texts", "written",
]  # fmt: skip

MAX_LENGTH = 4000
MAX_WORDS = 300
MAX_DEPTH = 40
_STRINGS = ("word", "quoted", "prefix")


def parse(text: str, now: datetime | None = None) -> Node:
    """The tree of a query; `now` is what 今天 and 近7天 count from.

    Raises QueryError, whose message is Chinese and names the character.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(MAX_LENGTH, f"检索式有 {len(text)} 个字符，最多 {MAX_LENGTH} 个：请拆成几次检索")
    found = tokens(text)
    words = [t for t in found if t.kind in (*_STRINGS, "value")]
    if len(words) > MAX_WORDS:
        raise QueryError(words[MAX_WORDS].at, f"检索词有 {len(words)} 个，最多 {MAX_WORDS} 个：请拆成几次检索")
    if not found:
        if text.strip():
            raise QueryError(0, "检索式里没有可检索的文字：请写至少一个汉字、字母或数字")
        return Everything()
    return _Parser(found, len(text), now).whole()


class _Parser:
    def __init__(self, found: list[Token], length: int, now: datetime | None) -> None:
        self._tokens = found
        self._next = 0
        self._depth = 0
        self._end = length
        self._now = now

    def whole(self) -> Node:
        node = self._either("")
        if token := self._peek():
            raise _at(token, "多出一个右括号：请删去它，或在前面补上左括号", "")
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
        part = self._near(field)
        return Not(part) if negative else part

    def _near(self, field: str) -> Node:
        left = self._one(field)
        near = self._peek("near")
        if near is None:
            return left
        self._need_after(self._take())
        right = self._one(field)
        if again := self._peek("near"):
            raise _at(again, "NEAR 一次只连接两边：请写成 甲 NEAR/5 乙 与 乙 NEAR/5 丙")
        sides = _strings(left), _strings(right)
        if not (sides[0] and sides[1]):
            raise _at(near, "NEAR 两边只能是词、引号里的字，或括号里用“或”连接的词")
        fields = {text.field for side in sides for text in side}
        if len(fields) > 1 or fields == {"source"}:
            raise _at(near, "NEAR 两边要在同一个字段里，例如 标题:(坠楼 NEAR/5 通报)")
        return Near(*sides, int(near.text))

    def _one(self, field: str) -> Node:
        token = self._peek()
        if token is None:
            raise QueryError(self._end, "末尾缺少检索词：请补上，或删去最后的运算符")
        if token.kind in ("AND", "OR", "near"):
            raise _at(token, "前面缺少检索词；要检索这个字词本身，请加引号")
        if token.kind == ")":
            raise _at(token, "的右括号前面没有内容：请补上检索词，或删去括号", "")
        if token.kind == "NOT":
            raise _at(token, "：这里不能写“非”；请把它移到 NEAR 前面的整个条件之前", "")
        self._take()
        if token.kind == "field":
            return self._fielded(token, field)
        if token.kind == "(":
            return self._bracket(token, field)
        return self._leaf(token, field)

    def _fielded(self, token: Token, outer: str) -> Node:
        if outer:
            raise _at(token, f"：字段“{token.text}”不能写在另一个字段的括号里", "")
        if not self._peek(*_STRINGS, "value", "("):
            raise _at(token, f"：“{token.text}：”后面缺少内容，例如 {example(token.text)}", "")
        return self._one(FIELDS[token.text.lower()])

    def _bracket(self, token: Token, field: str) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise QueryError(token.at, f"括号最多套 {MAX_DEPTH} 层：请简化检索式")
        node = self._either(field)
        if not self._peek(")"):
            raise _at(token, "的左括号没有配对：请补上右括号", "")
        self._take()
        self._depth -= 1
        return node

    def _need_after(self, operator: Token) -> None:
        following = self._peek()
        if following is None or following.kind in ("AND", "OR", "near", ")"):
            raise _at(operator, "后面缺少检索词；要检索这个字词本身，请加引号")

    def _leaf(self, token: Token, field: str) -> Node:
        if field in ("", *TEXT_FIELDS):
            return Text(token.text, field, token.kind == "prefix")
        if token.kind == "prefix":
            raise _at(token, f"：这个字段不能用星号；{EXAMPLES.get(field) or choices(field)}", "")
        value = unicodedata.normalize("NFKC", token.text).strip()
        if field in RANGE_FIELDS:
            try:
                return parse_range(field, value, self._now)
            except ValueError as e:
                raise _at(token, f"：{e}；例如 {EXAMPLES[field]}", "") from None
        found = checked(field, value)
        if found is None:
            raise _at(token, f"：没有“{value}”；{choices(field)}", "")
        return Tag(field, found)


def _at(token: Token, message: str, named: str = "“{}”") -> QueryError:
    text = f"NEAR/{token.text}" if token.kind == "near" else token.text
    return QueryError(token.at, f"第 {token.at + 1} 个字符{named.format(text)}{message}")


def _strings(node: Node) -> tuple[Text, ...]:
    """The strings of one side of NEAR, any of which may stand there; none when it is something else."""
    parts = node.parts if isinstance(node, Or) else (node,)
    texts = tuple(part for part in parts if isinstance(part, Text))
    return texts if len(texts) == len(parts) else ()
