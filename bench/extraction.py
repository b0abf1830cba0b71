"""Article extraction on the gold pages, beside the libraries that are installed: title, time, text, and what a page costs.

`python -m bench.extraction` prints one JSON document and ends with 1 when a target is missed. trafilatura, gne,
readability-lxml and newspaper4k are measured when they can be imported; the product needs none of them.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bench.gold.pages import GoldPage, gold_pages
from bench.machine import machine
from config.clock import SHANGHAI
from crawlers.dates import read_when
from crawlers.decoding import decode
from crawlers.extraction.articles import extract

GRAM = 5  # characters: texts are compared by the runs they share
RECALL, NOISE = 0.96, 0.05  # a page is all right when its text has this much of the gold, and no more that is not
Found = tuple[str, "datetime | None", str]  # title, time, text
Extractor = Callable[[GoldPage], Found]


def main() -> int:
    pages = gold_pages()
    results: dict[str, Any] = {name: score(extractor, pages) if extractor else "not installed" for name, extractor in extractors().items()}
    ours = results["huiying"]
    targets = [
        _target("title_exact", 0.98, ours["title_exact"]),
        _target("time_to_the_minute", 0.95, ours["time_to_the_minute"]),
        _target("body_f1", 0.95, ours["body_f1"]),
    ]
    answer = {"workload": {"pages": len(pages), "layouts": len({p.name.rpartition("_")[0] for p in pages})}, "machine": machine(), "results": results, "targets": targets}
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1) + "\n")
    return 0 if all(target["met"] for target in targets) else 1


def _target(name: str, goal: float, got: float) -> dict[str, Any]:
    return {"name": name, "sense": ">=", "goal": goal, "got": got, "unit": "", "met": got >= goal}


def score(extractor: Extractor, pages: tuple[GoldPage, ...]) -> dict[str, Any]:
    """Shares over all pages; an extractor that raises has found nothing."""
    marks, took, wrong = [], [], []
    for page in pages:
        began = time.perf_counter()
        try:
            title, at, text = extractor(page)
        except Exception:  # a library that fails on a page fails on that page
            title, at, text = "", None, ""
        took.append(time.perf_counter() - began)
        mark = judge(page, title, at, text)
        marks.append(mark)
        if not mark["all_right"]:
            wrong.append(page.name)
    shares: dict[str, Any] = {name: round(statistics.fmean(m[name] for m in marks), 3) for name in marks[0]}
    return shares | {"ms_median": round(statistics.median(took) * 1e3, 1), "ms_p95": round(sorted(took)[int(len(took) * 0.95)] * 1e3, 1), "wrong": len(wrong), "first_wrong": wrong[:8]}


def judge(page: GoldPage, title: str, at: datetime | None, text: str) -> dict[str, float]:
    """How one answer stands to the gold: 1 or 0 for title and time, shares for the text."""
    gold, got = grams("".join(page.paragraphs)), grams(text)
    shared = sum((gold & got).values())
    recall, precision = shared / sum(gold.values()), shared / (sum(got.values()) or 1)
    right_title = " ".join(title.split()) == " ".join(page.title.split())
    right_time = at is not None and at.astimezone(SHANGHAI).replace(second=0, microsecond=0) == page.published
    return {
        "title_exact": float(right_title),
        "time_to_the_minute": float(right_time),
        "body_recall": recall,
        "body_noise": 1 - precision if got else 0.0,
        "body_f1": 2 * recall * precision / (recall + precision) if shared else 0.0,
        "all_right": float(right_title and right_time and recall >= RECALL and 1 - precision <= NOISE),
    }


def grams(text: str) -> Counter[str]:
    joined = "".join(text.split())
    return Counter(joined[i : i + GRAM] for i in range(max(1, len(joined) - GRAM + 1))) if joined else Counter()


def extractors() -> Mapping[str, Extractor | None]:
    return {"huiying": _huiying, "trafilatura": _trafilatura(), "gne": _gne(), "readability-lxml": _readability(), "newspaper4k": _newspaper()}


def _huiying(page: GoldPage) -> Found:
    found = extract(page.body, content_type=page.content_type)
    return found.title, found.published_at, found.text


def _text(page: GoldPage) -> str:
    return decode(page.body, page.content_type).text  # the libraries too get well decoded text


def _when(value: object) -> datetime | None:
    found = read_when(value) if value else None
    return found.at if found else None


def _trafilatura() -> Extractor | None:
    try:
        import trafilatura
    except ImportError:
        return None

    def run(page: GoldPage) -> Found:
        found = trafilatura.bare_extraction(_text(page), with_metadata=True, date_extraction_params={"outputformat": "%Y-%m-%d %H:%M", "extensive_search": True, "original_date": True})
        return (found.title or "", _when(found.date), found.text or "") if found else ("", None, "")

    return run


def _gne() -> Extractor | None:
    try:
        from gne import GeneralNewsExtractor
    except ImportError:
        return None

    def run(page: GoldPage) -> Found:
        found = GeneralNewsExtractor().extract(_text(page))
        return found["title"], _when(found["publish_time"]), found["content"]

    return run


def _readability() -> Extractor | None:
    try:
        from lxml.html import fromstring
        from readability import Document
    except ImportError:
        return None

    def run(page: GoldPage) -> Found:
        document = Document(_text(page))
        return document.short_title(), None, str(fromstring(document.summary()).text_content())

    return run


def _newspaper() -> Extractor | None:
    try:
        from newspaper import Article
    except ImportError:
        return None

    def run(page: GoldPage) -> Found:
        article = Article("http://example.com/", language="zh")
        article.download(input_html=_text(page))
        article.parse()
        return article.title, _when(article.publish_date), article.text

    return run


if __name__ == "__main__":
    sys.exit(main())
