"""检索: the archive's own language in one box, with filters, facets and honest errors."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from archive import search as archive
from archive.months import SearchUnavailable
from archive.query import MAX_LENGTH, MAX_WORDS, PLATFORMS, Filter, QueryError
from archive.results import Sort
from console.coverage import coverage
from console.permissions import Request, signed_in
from flow.naming import NAMES
from sla.engine import GRADES

PER_PAGE = 20
FACET_WORDS = {"source": "来源", "grade": "等级", "platform": "平台"}
FACETS_SHOWN = 10
KEPT = ("q", "from", "to", "source", "grade", "platform", "sort")


@signed_in
@require_safe
def search(request: Request) -> HttpResponse:
    asked = {name: request.GET.get(name, "").strip() for name in KEPT}
    context: dict[str, Any] = {"asked": asked, "grades": GRADES, "submitted": any(asked.values())}
    status = 200
    if context["submitted"]:
        try:
            context |= _found(request, asked)
        except QueryError as e:
            context |= {"error": str(e), **_place(asked["q"], e.position)}
            status = 400
        except SearchUnavailable as e:
            context["unavailable"] = str(e)
            status = 503
    if not context.get("hits"):
        context["coverage"] = coverage()
    return render(request, "console/search.html", context, status=status)


@signed_in
@require_safe
def search_help(request: Request) -> HttpResponse:
    limits = {
        "longest": MAX_LENGTH,
        "words": MAX_WORDS,
        "deepest": archive.DEEPEST,
        "looked_at": archive.LOOKED_AT,
    }
    return render(request, "console/search_help.html", limits)


def _found(request: Request, asked: dict[str, str]) -> dict[str, Any]:
    number = int(request.GET.get("page", "1")) if request.GET.get("page", "1").isdecimal() else 1
    number = max(1, number)
    filters = _filters(asked)
    order: Sort = asked["sort"] if asked["sort"] in ("best", "mixed") else "newest"  # type: ignore[assignment]
    result = archive.search(
        asked["q"],
        filters,
        sort=order,
        limit=PER_PAGE,
        offset=(number - 1) * PER_PAGE,
        facets=tuple(FACET_WORDS),
        names=NAMES,
    )
    kept = request.GET.copy()
    kept.pop("page", None)
    pages = min(-(-result.total // PER_PAGE), archive.DEEPEST // PER_PAGE)
    return {
        "total": result.total,
        "at_least": result.at_least,
        "excerpts_to": result.excerpts_to,
        "hits": result.hits,
        "facets": [_facet(request, asked, name, counts) for name, counts in result.facets.items()],
        "query": kept.urlencode(),
        "number": number,
        "previous": number - 1 if number > 1 else None,
        "next": number + 1 if number < pages else None,
        "pages": pages,
        "without_dates": _without(request, "from", "to") if asked["from"] or asked["to"] else "",
    }


def _filters(asked: dict[str, str]) -> Filter:
    try:
        start, end = archive.period(asked["from"] or None, asked["to"] or None)
    except QueryError as e:
        raise DateError(str(e)) from e
    one = {name: (asked[name],) if asked[name] else () for name in ("source", "grade", "platform")}
    return Filter(start=start, end=end, sources=one["source"], grades=one["grade"], platforms=one["platform"])


class DateError(QueryError):
    """A date that cannot be read: there is no character of the query to point at."""

    def __init__(self, message: str) -> None:
        super().__init__(-1, message)


def _place(text: str, position: int) -> dict[str, str]:
    """The query cut at the character the error speaks of; nothing when it speaks of no character."""
    if position < 0 or not text:
        return {}
    return {
        "before": text[:position],
        "at": text[position : position + 1] or "␣",
        "after": text[position + 1 :],
    }


def _facet(
    request: Request, asked: dict[str, str], name: str, counts: list[tuple[str, int]]
) -> dict[str, Any]:
    """One facet's values with the address that adds (or, when chosen, removes) each."""
    rows = [(_words(name, value), count, _with(request, name, value)) for value, count in counts if value]
    chosen = asked.get(name, "")
    return {
        "word": FACET_WORDS.get(name, name),
        "rows": rows[:FACETS_SHOWN],
        "more": len(rows) - FACETS_SHOWN,
        "chosen": _words(name, chosen) if chosen else "",
        "remove": _without(request, name),
    }


def _words(name: str, value: str) -> str:
    return PLATFORMS[value][0] if name == "platform" and value in PLATFORMS else value


def _with(request: Request, name: str, value: str) -> str:
    kept = request.GET.copy()
    kept[name] = value
    kept.pop("page", None)
    return cast(str, kept.urlencode())


def _without(request: Request, *names: str) -> str:
    kept = request.GET.copy()
    for name in (*names, "page"):
        kept.pop(name, None)
    return cast(str, kept.urlencode())
