"""Quantities as Chinese prose writes them: 11, 1,200, 3000万, 1.2亿, 十一, 两百, 七八, 三十余, 数千, 10至15, 近百.

`QUANTITY` finds one, `quantity` reads it as (low, high): equal when exact, high None when open upwards.
"""

from __future__ import annotations

import re
from functools import lru_cache

DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2, "仨": 3}
UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}

_ARABIC = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?)"
_PLAIN = rf"(?:{_ARABIC}\s?[余多]?[百千万]?亿?(?:\d+[百千万])*|[零〇一二两三四五六七八九十百千万亿]+)"
# 数十 几百 上千 十几 百余 三十多 — the vague word may stand before, inside or after the number.
QUANTITY = (
    r"(?:(?:至少|不少于|不低于|多于|超过|接近|将近|约有|大约|高达|多达|约|近|超|逾|上(?=[百千万]))\s?)?"
    rf"(?:[数几好][十百千万]+|{_PLAIN}(?:[至到~～\-—–]{{1,2}}{_PLAIN})?)"
    r"(?:几|余|多|来(?=[人名位个万]))?[万亿]?"
)
_SHAPE = re.compile(
    r"(?P<least>至少|不少于|不低于|多于|超过|高达|多达|超|逾|上(?=[百千万]))?(?P<near>接近|将近|近)?(?:约有|大约|约)?\s?"
    rf"(?:(?P<vague>[数几好])(?P<power>[十百千万]+)|(?P<a>{_PLAIN})(?:[至到~～\-—–]{{1,2}}(?P<b>{_PLAIN}))?)"
    r"(?P<more>几|余|多|来)?(?P<mult>[万亿])?"
)
_PARTS = re.compile(rf"({_ARABIC})([百千万]?亿?)")
_NEIGHBOURS = re.compile(r"([一二两三四五六七八])([二三四五六七八九])([十百千万]*)")


@lru_cache(maxsize=4096)
def number(text: str) -> int | None:
    """One number in Arabic or Chinese figures, as a whole number; None when it is none (一九, 十万百)."""
    if not text[:1].isascii():
        return _chinese(text)
    total = 0.0
    for figure, units in _PARTS.findall(text):  # 2万8千 is two parts
        value = float(figure.replace(",", ""))
        for unit in units:
            value *= UNITS[unit]
        total += value
    return round(total)


def _chinese(text: str) -> int | None:
    """Place-value reading; digits without a unit (二〇二五) are a year or a telephone number, not a count."""
    total = section = 0
    digit: int | None = None
    for c in text:
        if c in DIGITS:
            if digit:  # 零 before a digit is only a filler
                return None
            digit = DIGITS[c]
        elif c in ("万", "亿"):
            section = (section + (digit or 0)) or 1
            total, section, digit = (total + section) * UNITS[c], 0, None
        elif c in UNITS:
            section += (digit or 1) * UNITS[c]  # 十 alone, and 零十 after a gap, are one ten
            digit = None
        else:
            return None
    return total + section + (digit or 0)


@lru_cache(maxsize=4096)
def quantity(text: str) -> tuple[int, int | None] | None:
    """(low, high) of a quantity found by QUANTITY; None when it is no count.

    余/多/以上 are open upwards. 数十 is at least two tens. 近N stays below N (from 90 % of it).
    """
    m = _SHAPE.fullmatch(text)
    if m is None:
        return None
    factor = UNITS[m["mult"]] if m["mult"] else 1
    if m["vague"]:
        power = number(m["power"])
        return (2 * power * factor, None) if power else None
    first = _one(m["a"])
    if first is None:
        return None
    low, high = first
    if m["b"]:
        second = _one(m["b"])
        if second is None or second[0] <= low:
            return None
        # 3至5万: the unit of the second holds for both
        if m["b"][-1] in UNITS and m["a"][-1] not in UNITS and m["b"][-1] in "万亿":
            low *= UNITS[m["b"][-1]]
        high = second[1]
    low, high = low * factor, None if high is None else high * factor
    if m["near"]:
        top = max(low - 1, 1)
        return min((low * 9 + 9) // 10, top), top
    return low, None if m["more"] or m["least"] else high


def _one(text: str) -> tuple[int, int | None] | None:
    """A single number, or neighbours (七八, 三四十), or one with 余/多 inside (3000多万)."""
    near = _NEIGHBOURS.fullmatch(text)
    if near and DIGITS[near[2]] == DIGITS[near[1]] + 1:
        power = (number(near[3]) or 1) if near[3] else 1
        return DIGITS[near[1]] * power, DIGITS[near[2]] * power
    plain = number(text.replace("余", "").replace("多", "").replace(" ", ""))
    if plain is None:
        return None
    return plain, None if "余" in text or "多" in text else plain
