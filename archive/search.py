"""The seam of search: one language, one answer, whichever engine is behind it."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from django.conf import settings

from archive import highlight, near, query
from archive.embedded import Embedded
from archive.highlight import Piece
from archive.models import IndexState, Post
from archive.months import IndexDamaged, IndexMissing, IndexUnreachable, SearchUnavailable
from archive.naming import Names, NoNames, meant
from archive.query import Filter, Node, QueryError, Tag
from archive.results import COUNTED, Engine, Found, Page, Row, Sort
from archive.server import Server, server
from config.clock import SHANGHAI, now, real_now

DEEPEST = 10_000  # hits reachable by paging; every page beyond costs all pages before it
LOOKED_AT = 20_000  # candidates that our own code looks at for NEAR (design.md §7)
_AT_ONCE = 500

_engines: dict[Server | Path, Engine] = {}
_opening = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One post that matched. `title_pieces` and `pieces` carry the marks; `snippet` is the same text with 「」."""

    post_id: int
    title: str
    url: str
    source: str
    platform: str
    published_at: datetime
    event: int | None
    grade: str | None
    score: float
    title_pieces: tuple[Piece, ...]
    pieces: tuple[Piece, ...]

    @property
    def snippet(self) -> str:
        return highlight.bracketed(self.pieces)


@dataclass(frozen=True, kw_only=True)
class Result:
    """`total` matches (or more, `at_least`); `hits` the page of them; facets: name -> [(value, count)], most first.

    `excerpts_to`: of individuals' posts up to this instant, within the window, only an excerpt is left to search.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: dict[str, list[tuple[str, int]]]
    at_least: bool = False
    excerpts_to: datetime | None = None


def engine() -> Engine:
    """The engine that the settings ask for, one object a process and data folder."""
    wanted = server() or Path(settings.DATA) / "index"
    with _opening:
        if wanted not in _engines:
            _engines[wanted] = _made(wanted)
        return _engines[wanted]


def _made(wanted: Server | Path) -> Engine:
    if isinstance(wanted, Path):
        return Embedded(wanted)
    from archive.elastic import Elastic  # its client takes half a second to import

    return Elastic(wanted)


def search(
    text: str,
    filters: Filter | None = None,
    *,
    sort: Sort = "newest",
    limit: int = 20,
    offset: int = 0,
    facets: tuple[str, ...] = COUNTED,
    names: Names | None = None,
    without: Sequence[Tag] = (),
) -> Result:
    """Posts that match `text` and `filters`, and none of `without`, newest or best first.

    `names` knows what units and topics stand for. Raises QueryError (message for the person who typed it) and
    SearchUnavailable (message for everybody).
    """
    node = excluding(meant(text, names or NoNames(), now()), without)
    if offset + limit > DEEPEST:
        raise QueryError(0, f"最多翻到第 {DEEPEST} 条：请缩小时间范围或增加检索词")
    found = ask(node, filters or Filter(), Page(sort=sort, limit=limit, offset=offset, facets=facets, now=now()))
    posts = Post.objects.in_bulk([row.post_id for row in found.rows])
    # The index follows within a second; what was withdrawn meanwhile must not be shown.
    shown = [(row, post) for row in found.rows if (post := posts.get(row.post_id)) and post.withdrawn_at is None]
    texts = query.positive_texts(node)
    return Result(
        total=found.total - (len(found.rows) - len(shown)),
        hits=tuple(_hit(row, post, texts) for row, post in shown),
        facets={name: counts.most_common() for name, counts in found.facets.items()},
        at_least=found.at_least,
        excerpts_to=_excerpts(filters or Filter()),
    )


def excluding(node: Node, without: Sequence[Tag]) -> Node:
    """The query less everything that carries one of these values."""
    return query.And((node, *(query.Not(tag) for tag in without))) if without else node


def period(start: str | None, end: str | None) -> tuple[datetime | None, datetime | None]:
    """[start, end) in UTC from what people type: 2024-05-01 is a whole Shanghai day, an instant is itself.

    Raises QueryError, position 0 for `start` and 1 for `end`.
    """
    first = _instant(start, 0) if start else None
    last = _instant(end, 1, after=True) if end else None
    if first and last and first >= last:
        raise QueryError(1, f"结束时间 {end} 早于开始时间 {start}")
    return first, last


def want_rebuild(*, damaged: bool = False) -> None:
    """Ask whoever writes the index to build it anew; `damaged` files are moved aside first."""
    IndexState.objects.get_or_create(engine=engine().name)
    if damaged:
        IndexState.objects.filter(engine=engine().name, damaged=False).update(damaged=True)
    IndexState.objects.filter(engine=engine().name, rebuild_wanted_at=None).update(rebuild_wanted_at=real_now())


def _instant(text: str, position: int, *, after: bool = False) -> datetime:
    """The instant a text names; with `after` the first one that no longer belongs to it."""
    text = text.strip()
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            day = date.fromisoformat(text) + timedelta(days=1 if after else 0)
            return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
        found = datetime.fromisoformat(text)
        aware = found if found.tzinfo else found.replace(tzinfo=SHANGHAI)
        return aware.astimezone(UTC) + timedelta(seconds=1 if after else 0)
    except (ValueError, OverflowError):
        raise QueryError(position, f"看不懂时间“{text}”：请写 2024-05-01 或 2024-05-01T08:30") from None


def ask(node: Node, filters: Filter, page: Page) -> Found:
    """What the engine answers, NEAR looked at; an index that was never made is empty, a lost one is asked to be rebuilt."""
    chosen = engine()
    try:
        settled, cut = _settled(chosen, node, filters, scored=page.sort != "newest")
        found = chosen.search(settled, filters, page)
    except IndexUnreachable:
        raise  # a rebuild would mend nothing
    except SearchUnavailable as e:
        never = not IndexState.objects.filter(engine=chosen.name, committed_at__isnull=False).exists()
        if isinstance(e, IndexMissing) and never:
            return Found(facets={name: Counter() for name in page.facets})
        want_rebuild(damaged=isinstance(e, IndexDamaged))
        raise type(e)(f"{e}；已请求重建（huiying reindex），信息本身没有丢失") from e
    found.at_least = cut
    return found


def _settled(chosen: Engine, node: Node, filters: Filter, *, scored: bool = True) -> tuple[Node, bool]:
    """The query with NEAR replaced by the posts it holds for; True when there were more candidates than looked at."""
    checks = near.to_check(node)
    if not checks:
        return node, False
    found: dict[near.Checked, frozenset[int]] = {}
    cut = False
    whole = near.loosely(node)
    for check in checks:
        candidates = chosen.newest(query.And((near.loosely(check), whole)), filters, LOOKED_AT + 1)
        cut = cut or len(candidates) > LOOKED_AT
        found[check] = frozenset(_holding(check, candidates[:LOOKED_AT]))
    return near.settled(node, found, scored), cut


def _holding(check: near.Checked, candidates: list[int]) -> Iterator[int]:
    for i in range(0, len(candidates), _AT_ONCE):
        rows = Post.objects.filter(id__in=candidates[i : i + _AT_ONCE]).values_list("id", "title", "body", "site")
        yield from (post_id for post_id, *texts in rows if near.holds(check, *texts))


def _excerpts(filters: Filter) -> datetime | None:
    posts = Post.objects.filter(excerpted_at__isnull=False)
    if filters.start:
        posts = posts.filter(published_at__gte=filters.start)
    if filters.end:
        posts = posts.filter(published_at__lt=filters.end)
    return posts.order_by("-published_at").values_list("published_at", flat=True).first()


def _hit(row: Row, post: Post, texts: list[query.Text]) -> Hit:
    in_title = [t for t in texts if t.field in ("", "title")]
    in_body = [t for t in texts if t.field in ("", "body")]
    title = tuple(highlight.marked(post.title, in_title))
    pieces = tuple(highlight.snippet(post.body, in_body))
    if not any(p.hit for p in pieces) and any(p.hit for p in title):
        pieces = tuple(highlight.snippet(post.title, in_title))
    return Hit(
        post_id=post.id,
        title=post.title,
        url=post.url,
        source=post.site,
        platform=post.platform,
        published_at=post.published_at,
        event=row.event,
        grade=row.grade,
        score=row.score,
        title_pieces=title,
        pieces=pieces,
    )
