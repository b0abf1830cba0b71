"""What is never stored as read: who wrote it, phone numbers, ID numbers, exact follower counts. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re

# \d also matches full-width digits. Mobile numbers and ID numbers only: a land line is mostly an office's, and part
# of the news. An amount ("13800000000元") is no phone number.
_MOBILE = re.compile(
    r"(?<![\d.])(?:(?:\+|00)?86[-\s]?)?([1１][3-9３-９]\d)[-\s]?(\d{4})[-\s]?(\d{4})(?!\d|\s*[元亿万人美])"
)
_ID_CARD = re.compile(
    r"(?<!\d)([1-8１-８]\d{5})(?:[12１２][09０９]\d{2})(?:[0０]\d|[1１][012０１２])(?:[0-3０-３]\d)\d{3}[\dXxＸｘ](?!\d)"
)
_MANY_DIGITS = re.compile(r"\d{4}")
_OLD_ID_CARD = re.compile(r"(身份证\D{0,8})([1-8１-８]\d{5})\d{9}(?!\d)")

BANDS = ((1_000, "<1k"), (10_000, "1k-10k"), (100_000, "10k-100k"), (1_000_000, "100k-1m"))


def mask(text: str) -> str:
    """The text with mobile numbers as 138****5678 and ID numbers cut after the six digits of the region."""
    if not _MANY_DIGITS.search(text):
        return text
    text = _ID_CARD.sub(r"\1************", text)
    text = _OLD_ID_CARD.sub(r"\1\2*********", text)
    return _MOBILE.sub(r"\1****\3", text)


def pseudonym(name: str, key: str) -> str:
    """32 hex digits that stand for one author under one key; "" for nobody. The name itself is not kept."""
    name = name.strip()
    if not name:
        return ""
    return hmac.new(key.encode(), name.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def follower_band(followers: int | None) -> str:
    if followers is None:
        return ""
    return next((name for limit, name in BANDS if followers < limit), "1m+")
