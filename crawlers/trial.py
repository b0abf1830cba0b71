"""Selectors tried on a fetched page, in a process that is ended after a few seconds: an XPath can be made to run for ever.

`python -m crawlers.trial` reads {"rules", "pages"} as JSON and writes what each rule finds. Without Django: it starts fast.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from crawlers.extraction.articles import NotAPage, extract
from crawlers.extraction.sites import SiteRule
from crawlers.lists import BadRule, Page, select
from crawlers.siterules import ARTICLE_RULES, SiteRules, of_list, wrong

LIMIT_S = 8.0
SHOWN = 20
ROOT = Path(__file__).resolve().parent.parent


class TooSlow(Exception):
    """The selectors did not end in time."""


def tried(options: dict[str, Any], pages: dict[str, dict[str, str]]) -> dict[str, Any]:
    """What the rules find: {"wrong": [{"field", "said"}], "items", "matched", "next_url", "article", "parts"}. Raises TooSlow."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "crawlers.trial"], input=json.dumps({"rules": options, "pages": pages}), cwd=ROOT,
            capture_output=True, text=True, encoding="utf-8", timeout=LIMIT_S, check=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired as e:
        raise TooSlow(f"选择器 {LIMIT_S:.0f} 秒没有算完，请写得更具体些") from e
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def look(options: dict[str, Any], pages: dict[str, dict[str, str]]) -> dict[str, Any]:
    """The same in this process. Pure."""
    rules = SiteRules.of(options)
    found: dict[str, Any] = {"wrong": [{"field": w.field, "said": str(w)} for w in wrong(rules)], "items": [], "parts": []}
    if found["wrong"]:
        return found
    try:
        if page := pages.get("list"):
            found |= _listed(Page(page["text"], page["url"]), rules)
        if page := pages.get("article"):
            found |= _article(page, rules)
    except BadRule as e:
        found["wrong"].append({"field": e.field, "said": str(e)})
    return found


def _listed(page: Page, rules: SiteRules) -> dict[str, Any]:
    listed = page.read(rules.list)
    wanted = of_list(listed, rules)
    items = [
        {"title": c.title, "url": c.url, "time": c.time.isoformat() if c.time else "", "time_raw": c.time_raw, "day_only": c.day_only}
        for c in wanted
    ]
    return {
        "items": items[:SHOWN], "count": len(items), "matched": listed.matched, "next_url": listed.next_url,
        "untitled": sum(not i["title"] for i in items), "undated": sum(not i["time"] for i in items),
    }  # fmt: skip


def _article(page: dict[str, str], rules: SiteRules) -> dict[str, Any]:
    said = rules.article
    rule = SiteRule(**{"body": "", **said}) if said.get("body") else None  # type: ignore[arg-type]
    parts = []
    root = Page(page["text"], page["url"]).root
    for name in ARTICLE_RULES:
        if said.get(name):
            hits = select(root, said[name], f"article_{name}")
            first = hits[0] if hits else ""
            text = first if isinstance(first, str) else "".join(first.itertext())
            parts.append({"name": name, "count": len(hits), "text": " ".join(text.split())[:120]})
    try:
        article = extract(page["text"], url=page["url"], rule=rule)
    except NotAPage as e:
        return {"parts": parts, "article_said": str(e)}
    return {
        "parts": parts,
        "article": {
            "url": page["url"], "title": article.title, "published_at": article.published_at.isoformat() if article.published_at else "",
            "precision": article.precision, "source": article.source, "chars": len(article.text), "text": article.text[:400],
            "pictures": len(article.pictures), "pages": len(article.next_pages) + 1,
        },
    }  # fmt: skip


if __name__ == "__main__":
    given = json.load(sys.stdin)
    json.dump(look(given["rules"], given["pages"]), sys.stdout)
