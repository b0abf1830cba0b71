"""Numbers as Chinese prose writes them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.numerals import DIGITS, QUANTITY, UNITS, number, quantity

UNHURRIED = settings(deadline=None)  # a busy machine is no failure

HAN = "零一二三四五六七八九"


def spelled(n: int) -> str:
    """A number from 1 to 99,999,999 in Chinese figures, as a newspaper writes it."""
    if n >= 10_000:
        head, rest = divmod(n, 10_000)
        filler = "零" if 0 < rest < 1000 else ""
        return spelled(head) + "万" + filler + (spelled(rest) if rest else "")
    out, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, n = divmod(n, unit)
        if digit:
            out += ("零" if gap and out else "") + HAN[digit] + name
            gap = False
        elif out:
            gap = True
    return out.removeprefix("一") if out.startswith("一十") else out


@UNHURRIED
@given(st.integers(1, 99_999_999))
def test_a_number_spelled_out_is_read_back(n: int) -> None:
    assert number(spelled(n)) == n
    assert number(str(n)) == n
    assert number(f"{n:,}") == n


@UNHURRIED
@given(st.integers(1, 9999))
def test_a_spelled_number_is_found_whole_in_a_sentence(n: int) -> None:
    found = re.search(QUANTITY, f"造成{spelled(n)}人")
    assert found and quantity(found[0]) == (n, n)


CASES = [
    ("两百", 200, 200),
    ("1.2亿", 120_000_000, 120_000_000),
    ("3000万", 30_000_000, 30_000_000),
    ("3000多万", 30_000_000, None),
    ("2万8千", 28_000, 28_000),
    ("三十余", 30, None),
    ("百余", 100, None),
    ("十几", 10, None),
    ("数百", 200, None),
    ("上千", 1000, None),
    ("约300", 300, 300),
    ("近百", 90, 99),
    ("近30", 27, 29),
    ("近8", 7, 7),
    ("至少12", 12, None),
    ("10至15", 10, 15),
    ("10-15", 10, 15),
    ("3至5万", 30_000, 50_000),
    ("七八", 7, 8),
    ("三四十", 30, 40),
]


@pytest.mark.parametrize(("text", "low", "high"), CASES)
def test_vague_and_mixed_quantities(text: str, low: int, high: int | None) -> None:
    assert re.fullmatch(QUANTITY, text)
    assert quantity(text) == (low, high)


@pytest.mark.parametrize("text", ["二〇二五", "一三八", "15至10", "零", "人", ""])
def test_years_telephone_numbers_and_falling_ranges_are_no_counts(text: str) -> None:
    assert (quantity(text) or (0, 0))[0] <= 0


@UNHURRIED
@given(st.text(alphabet=[*DIGITS, *UNITS, *"0123456789,.余多几数约近至-"], max_size=12))
def test_any_heap_of_figures_is_read_or_refused(text: str) -> None:
    value = quantity(text)
    assert value is None or value[1] is None or value[0] >= 0
