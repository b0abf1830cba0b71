"""检索: the archive's own language in one box, with filters, facets and honest errors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from analysis.models import Event, Reading
from archive import query
from archive import search as archive
from archive.matcher import Arrived
from archive.models import Post, SavedSearch, SearchHistory
from archive.months import SearchUnavailable
from archive.naming import meant
from archive.query import MAX_LENGTH, MAX_WORDS, PLATFORMS, Filter, Node, QueryError
from archive.results import FACETS, Page
from archive.scan import all_ids
from archive.search import Hit
from archive.why import clauses, why
from config import clock
from console import asking, histogram, suggesting
from console.asking import FACET_WORDS, LAST, SORTS, Asked
from console.coverage import coverage, down_days
from console.permissions import Request, export_most, signed_in
from console.views.topics import visible
from console.words import TYPES
from flow import audit, exporting
from flow.naming import NAMES
from flow.topics import arrived

PER_PAGE = 20
FACETS_SHOWN = 10
HISTORY_KEPT = 100
HISTORY_SHOWN = 12
CLAUSES_COUNTED = 8


@signed_in
@require_safe
def search(request: Request) -> HttpResponse:
    asked, now = asking.read(request.GET), clock.now()
    submitted = bool(asked.q or asked.narrowed)
    context: dict[str, Any] = {
        "asked": asked, "submitted": submitted, "sorts": [(key, word, asked.address(sort=key)) for key, word in SORTS.items()],
        "last": [(key, word) for key, (word, _) in LAST.items()], "history": _history(request.user),
        "topic": _topic(request.user, asked), "chosen": _chosen(asked),
    }  # fmt: skip
    status = 200
    if submitted:
        try:
            context |= _found(asked, request.user, now)
        except QueryError as e:
            context |= {"error": str(e), **_place(asked.q, e.position)}
            status = 400
        except SearchUnavailable as e:
            context["unavailable"] = str(e)
            status = 503
    if not context.get("hits"):
        context["coverage"] = coverage()
    return render(request, "console/search.html", context, status=status)


def _found(asked: Asked, user: Any, now: datetime) -> dict[str, Any]:
    filters = asked.filters(now)
    result = archive.search(
        asked.q, filters, sort=asked.sort, limit=PER_PAGE, offset=(asked.page - 1) * PER_PAGE, facets=(),
        names=NAMES, without=asked.excluded(),
    )  # fmt: skip
    pages = min(-(-result.total // PER_PAGE), archive.DEEPEST // PER_PAGE)
    if asked.page == 1:
        _remember(user, asked, result.total, now)
    most = export_most(user)
    found: dict[str, Any] = {
        "total": result.total,
        "at_least": result.at_least,
        "excerpts_to": result.excerpts_to,
        "hits": _rows(result.hits, asked.folded),
        "pages": pages,
        "previous": asked.address(page=asked.page - 1) if asked.page > 1 else "",
        "next": asked.address(page=asked.page + 1) if asked.page < pages else "",
        "around": asked.address(),
        "fixed": asked.fixed(now) if asked.last else "",
        "relative": asked.address(),
        "export_most": most,
        "exported": min(most, result.total, archive.DEEPEST if asked.sort != "newest" else result.total),
        "formats": [(name, f"{name.upper()}") for name in exporting.FORMATS],
    }
    if not result.hits and asked.page == 1:
        found["advice"] = _advice(asked, filters, now)
    return found


@dataclass(frozen=True)
class HitRow:
    """A hit with the copies of it that stand on the same page, and how many there are in all."""

    hit: Hit
    copies: tuple[Hit, ...]
    fold_posts: int
    event_title: str


def _rows(hits: tuple[Hit, ...], folded: bool) -> list[HitRow]:
    """Copies of one text become one row, at the place of the first."""
    said: dict[int, Any] = {
        r["post_id"]: r
        for r in Reading.objects.filter(post_id__in=[h.post_id for h in hits]).values(
            "post_id", "fold_id", "fold__posts", "event__title"
        )
    }
    rows: dict[object, list[Hit]] = {}
    for hit in hits:
        fold = said.get(hit.post_id, {}).get("fold_id") if folded else None
        rows.setdefault(fold or ("post", hit.post_id), []).append(hit)
    return [
        HitRow(first, tuple(copies), known.get("fold__posts") or 1, known.get("event__title") or "")
        for first, *copies in rows.values()
        for known in (said.get(first.post_id, {}),)
    ]


@signed_in
@require_safe
def around(request: Request) -> HttpResponse:
    """Facets and histogram of a search, asked for once the hits are on the screen."""
    asked, now = asking.read(request.GET), clock.now()
    try:
        filters = asked.filters(now)
        result = archive.search(
            asked.q, filters, limit=1, facets=tuple(FACETS), names=NAMES, without=asked.excluded()
        )
    except (QueryError, SearchUnavailable) as e:
        return render(request, "console/parts/search_around.html", {"error": str(e)})
    days = {date.fromisoformat(day): n for day, n in result.facets.get("day", [])}
    down = down_days(filters.start, filters.end, now)
    context = {
        "asked": asked,
        "bars": [
            (bar, asked.address(start=bar.first.isoformat(), end=bar.last.isoformat(), last=""))
            for bar in histogram.bars(days, filters.start, filters.end, down.days, now)
        ],
        "height": histogram.HEIGHT,
        "width": histogram.WIDTH,
        "down": down,
        "widened": asked.address(start="", end="", last="") if asked.timed else "",
        "facets": _facets(asked, result.facets),
        "total": result.total,
        "coverage": coverage(),
    }
    return render(request, "console/parts/search_around.html", context)


def _facets(asked: Asked, counted: dict[str, list[tuple[str, int]]]) -> list[dict[str, Any]]:
    """Each facet's values with the addresses that narrow to, or exclude, each."""
    titles = dict(
        Event.objects.filter(id__in=[v for v, _ in counted.get("event", [])[:FACETS_SHOWN]]).values_list("id", "title")
    )
    facets = []
    for name, word in FACET_WORDS.items():
        rows = [
            {"words": words_of(name, value, titles), "count": n, "narrow": asked.narrow(name, value), "exclude": asked.exclude(name, value)}
            for value, n in counted.get(name, [])
            if value
        ]  # fmt: skip
        if rows:
            facets.append({"word": word, "rows": rows[:FACETS_SHOWN], "more": rows[FACETS_SHOWN:], "open": name in asked.only})
    return facets


def words_of(name: str, value: str, titles: dict[int, str] | None = None) -> str:
    """A facet's value as people read it."""
    if name == "platform" and value in PLATFORMS:
        return PLATFORMS[value][0]
    if name == "type":
        return TYPES.get(value, value)
    if name == "event":
        return f"{value} {(titles or {}).get(int(value), '')}".strip()
    return value


def _chosen(asked: Asked) -> list[tuple[str, str]]:
    """What the search is narrowed to and less by: (words, the address without it)."""
    chosen = [
        (f"{'不含' if without else ''}{FACET_WORDS[name]}：{words_of(name, value)}", asked.release(name, value))
        for without, facets in ((False, asked.only), (True, asked.without))
        for name, values in facets.items()
        for value in values
    ]
    if asked.last:
        chosen.append((LAST[asked.last][0], asked.address(last="")))
    if asked.start or asked.end:
        chosen.append((f"{asked.start or '最早'} 至 {asked.end or '今'}", asked.address(start="", end="")))
    return chosen


def _advice(asked: Asked, filters: Filter, now: datetime) -> dict[str, Any]:
    """Nothing was found: what each clause finds alone, what is found without it, and without the limits."""
    parts = list(clauses(query.parse(asked.q, now)))
    rows = []
    for n, part in enumerate(parts[:CLAUSES_COUNTED] if len(parts) > 1 else ()):
        rest = query.written(query.And(tuple(p for i, p in enumerate(parts) if i != n)))
        alone, without = (_count(text, filters, asked) for text in (query.written(part), rest))
        rows.append({"text": query.written(part), "alone": alone, "without": without, "address": asked.address(q=rest)})
    widened = [
        (words, _count(asked.q, wider, less), less.address())
        for words, less, wider in (
            ("去掉时间范围", replace(asked, start="", end="", last=""), replace(filters, start=None, end=None)),
            ("去掉全部筛选", Asked(q=asked.q), Filter()),
        )
        if less != asked and asked.q
    ]
    return {"clauses": rows, "widened": [w for w in widened if w[1]]}


def _count(text: str, filters: Filter, asked: Asked) -> int:
    node = archive.excluding(meant(text, NAMES, clock.now()), asked.excluded())
    return archive.ask(node, filters, Page(limit=1, facets=())).total


@signed_in
@require_safe
def explain(request: Request, post_id: int) -> HttpResponse:
    """Why one hit matched, clause by clause."""
    post = get_object_or_404(Post, pk=post_id, withdrawn_at=None)
    try:
        node = meant(request.GET.get("q", ""), NAMES, clock.now())
    except QueryError as e:
        return HttpResponseBadRequest(str(e))
    return render(request, "console/parts/search_why.html", {"clauses": why(node, _document(post)), "post": post})


def _document(post: Post) -> Arrived:
    reading = Reading.objects.filter(post=post).select_related("event").first()
    event = reading.event if reading else None
    if reading is None or event is None:
        return arrived(post)
    known: dict[str, Any] = {"grade": event.grade, "type": event.type, "event": event.id, "heat": event.heat}
    return arrived(post, **known, units=tuple(reading.units), places=tuple(reading.places))


@signed_in
@require_safe
def suggest(request: Request) -> HttpResponse:
    """Fields and values for the word being typed; nothing rather than something slow."""
    return JsonResponse({"suggestions": suggesting.suggestions(request.GET.get("word", ""), request.user)})


@signed_in
@require_safe
def advanced(request: Request) -> HttpResponse:
    """The form 高级检索: writes the language and searches."""
    given = {name: request.GET.get(name, "") for name in ("every", "any", "exact", "none", "title", "near1", "near2", "distance")}
    distance = int(given["distance"]) if given["distance"].isdecimal() and len(given["distance"]) < 4 else 5
    near = (given["near1"], given["near2"], max(1, min(distance, 100)))
    text = asking.composed(given["every"], given["any"], given["exact"], given["none"], given["title"], near)
    return redirect("/search/?" + urlencode({"q": text}))


@signed_in
@require_safe
def search_help(request: Request) -> HttpResponse:
    limits = {"longest": MAX_LENGTH, "words": MAX_WORDS, "deepest": archive.DEEPEST, "looked_at": archive.LOOKED_AT}
    return render(request, "console/search_help.html", limits)


@signed_in
@require_POST
def forget(request: Request) -> HttpResponse:
    """Empty one's own history."""
    SearchHistory.objects.filter(user=request.user).delete()
    return redirect("search")


@signed_in
@require_safe
def export(request: Request) -> HttpResponseBase:
    """All that the search finds, in its order, up to the role's cap, as a file made while it is sent."""
    most = export_most(request.user)
    form = exporting.FORMATS.get(request.GET.get("format", ""))
    if form is None:
        return HttpResponseBadRequest("导出格式可为 " + "、".join(exporting.FORMATS))
    if not most:
        return HttpResponse("您的角色不能导出检索结果", status=403)
    asked, now = asking.read(request.GET), clock.now()
    try:
        filters = asked.filters(now)
        node = archive.excluding(meant(asked.q, NAMES, now), asked.excluded())
        ids = _ids(node, filters, asked, now)
    except (QueryError, SearchUnavailable) as e:
        return HttpResponseBadRequest(str(e))
    digest = sha256(asked.address().encode()).hexdigest()[:16]
    audit.record(request.user.get_username(), "search.exported", f"search:{digest}", now, format=form.suffix, most=most)
    response = StreamingHttpResponse(form.chunks(exporting.rows(ids, most)), content_type=form.content_type)
    name = f"检索结果-{now.astimezone(clock.SHANGHAI):%Y%m%d-%H%M}.{form.suffix}"
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{urlencode({'': name})[1:]}"
    response["Cache-Control"] = "no-store"
    return response


def _ids(node: Node, filters: Filter, asked: Asked, now: datetime) -> Any:
    if asked.sort == "newest":
        return all_ids(node, filters)
    rows = archive.ask(node, filters, Page(sort=asked.sort, limit=archive.DEEPEST, facets=(), now=now)).rows
    ids = [row.post_id for row in rows]
    return (ids[i : i + 1000] for i in range(0, len(ids), 1000))


def _remember(user: Any, asked: Asked, total: int, now: datetime) -> None:
    """The newest of a person's searches, each address once."""
    address = asked.address()
    known = {"query": asked.q, "total": total, "at": now}
    if len(address) > 6000:
        return
    _, new = SearchHistory.objects.update_or_create(user=user, address=address, defaults=known)
    if new:
        old = SearchHistory.objects.filter(user=user).order_by("-at").values_list("id", flat=True)[HISTORY_KEPT:]
        SearchHistory.objects.filter(id__in=list(old)).delete()


def _history(user: Any) -> list[SearchHistory]:
    return list(SearchHistory.objects.filter(user=user).order_by("-at")[:HISTORY_SHOWN])


def _topic(user: Any, asked: Asked) -> dict[str, Any] | None:
    """The topic this search was opened from, and whether what is asked now differs from what is kept."""
    if not asked.topic:
        return None
    row: SavedSearch | None = visible(user).filter(pk=asked.topic).first()
    return {"row": row, "changed": row.query.strip() != asked.q} if row else None


def _place(text: str, position: int) -> dict[str, str]:
    """The query cut at the character the error speaks of; nothing when it speaks of no character."""
    if position < 0 or not text:
        return {}
    return {"before": text[:position], "at": text[position : position + 1] or "␣", "after": text[position + 1 :]}


