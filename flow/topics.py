"""专题 (saved searches): matched as posts are placed, swept each night, told once, never more than their daily limit."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import Count, Max, Q, Sum

from alerts import outbox
from analysis.reading import Raised
from archive import query
from archive.matcher import Arrived, Matcher
from archive.models import Post, SavedHit, SavedSearch
from archive.naming import meant
from archive.query import Filter, QueryError
from archive.scan import all_ids
from config import clock
from config.clock import SHANGHAI
from flow import telling
from flow.naming import NAMES
from flow.policy import Policy

log = logging.getLogger(__name__)

SWEPT_FROM = time(3, 0)  # Shanghai: when fewest people search
SWEEP_BACK = timedelta(hours=48)  # a night missed is made good the next
TRIED_OVER = timedelta(days=14)  # the stretch of archive a new topic is tried on
BUNDLE = timedelta(minutes=5)  # further hits of a topic just told of wait so long and come as one message
NAMED = 5  # posts whose titles a message quotes


class Topics:
    """The saved searches as matchers, kept while nobody changes them."""

    def __init__(self) -> None:
        self._stamp: object = None
        self._rows: dict[int, SavedSearch] = {}
        self._all = self._raising = Matcher({})

    def refresh(self) -> None:
        """Take in what people changed; one small query when they changed nothing."""
        stamp = SavedSearch.objects.aggregate(Count("id"), Max("id"), Sum("version"), Max("changed_at"))
        stamp["day"] = clock.now().astimezone(SHANGHAI).date()  # 今天 and 近7天 mean another day tomorrow
        if stamp == self._stamp:
            return
        self._rows = {row.id: row for row in SavedSearch.objects.filter(deleted_at=None)}
        nodes = dict(parsed(self._rows.values()))
        self._all = Matcher(nodes)
        self._raising = Matcher({i: n for i, n in nodes.items() if self._rows[i].raises or self._rows[i].names_type})
        self._stamp = stamp

    def raised(self, post: Post) -> Raised | None:
        """What the topics that may raise a post say of it, from its text alone; None when none matches."""
        found = [self._rows[i] for i in self._raising.matching(arrived(post))] if len(self._raising) else []
        if not found:
            return None
        tiers = {row.raises for row in found}
        tier = next((t for t in (SavedSearch.Raises.DIRECT, SavedSearch.Raises.INCIDENT) if t in tiers), "")
        return Raised(tier, next((r.names_type for r in found if r.names_type), ""), tuple(r.name for r in found))

    def hits(self, placed: Iterable[tuple[Post, Mapping[str, object]]], now: datetime) -> list[SavedHit]:
        """Rows for every (post, {"grade", "type", "event"}) that matches a topic; to be written with the posts' outcomes."""
        if not len(self._all):
            return []
        return [
            _hit(self._rows[number], post.id, now)
            for post, known in placed
            for number in self._all.matching(arrived(post, **known))
        ]


KEPT = Topics()  # of this process's one intake


def parsed(rows: Iterable[SavedSearch]) -> Iterator[tuple[int, query.Node]]:
    """The trees of the topics that can be read; one that cannot (the language changed) is logged and left out."""
    for row in rows:
        try:
            yield row.id, meant(row.query, NAMES, clock.now())
        except QueryError as e:
            log.warning("topic %s cannot be read: %s", row.id, e)


def arrived(post: Post, **known: object) -> Arrived:
    return Arrived(
        title=post.title, body=post.body, site=post.site, platform=post.platform, published_at=post.published_at,
        **known,  # type: ignore[arg-type]
    )  # fmt: skip


def _hit(row: SavedSearch, post_id: int, now: datetime, *, swept: bool = False) -> SavedHit:
    muted = row.muted_until is not None and now < row.muted_until
    quiet = "not_alerting" if not row.alerting else "muted" if muted else ""
    return SavedHit(search_id=row.id, post_id=post_id, at=now, swept=swept, quiet=quiet)


def tell(policy: Policy, now: datetime, *, held: bool) -> Counter[str]:
    """Tell of hits not yet told, one message a topic; what is beyond the day's limit is kept and says so."""
    counts: Counter[str] = Counter()
    waiting = SavedHit.objects.filter(told_at=None, quiet="", search__deleted_at=None)
    for search_id in list(waiting.order_by("search_id").values_list("search_id", flat=True).distinct()):
        last = SavedHit.objects.filter(search_id=search_id, told_at__isnull=False).aggregate(at=Max("told_at"))["at"]
        if last is None or now - last >= BUNDLE:
            counts += _tell_one(search_id, policy, now, held=held)
    return counts


def _tell_one(search_id: int, policy: Policy, now: datetime, *, held: bool) -> Counter[str]:
    with transaction.atomic():
        row = SavedSearch.objects.select_for_update().select_related("owner").get(pk=search_id)
        hits = list(
            SavedHit.objects.filter(search=row, told_at=None, quiet="").select_related("post").order_by("id")
        )
        told_today = SavedHit.objects.filter(search=row, told_at__gte=midnight(now)).count()
        room = max(0, row.most_per_day - told_today)
        telling_of, beyond = hits[:room], hits[room:]
        SavedHit.objects.filter(id__in=[h.id for h in beyond]).update(quiet="limit")
        if not telling_of:
            return Counter()
        SavedHit.objects.filter(id__in=[h.id for h in telling_of]).update(told_at=now)
        titles = [h.post.title or h.post.body for h in telling_of[:NAMED]]
        plans = telling.saved_search(row, telling_of[-1].id, titles, len(telling_of), len(beyond), policy, now)
        alerts, deliveries = outbox.write(plans, now, replay=held)
    return Counter(alerts=alerts, deliveries=deliveries)


def midnight(now: datetime) -> datetime:
    """The beginning of the Shanghai day `now` falls in."""
    return now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


def sweep(now: datetime) -> int:
    """Each night, from SWEPT_FROM on, ask the archive itself for every topic's posts of the last two days; how many were
    new. What arrival could not know (a grade given later, a corrected post) is found now, and told like any other hit.
    """
    tonight = datetime.combine(now.astimezone(SHANGHAI).date(), SWEPT_FROM, SHANGHAI)
    if now < tonight:
        return 0
    due = SavedSearch.objects.filter(Q(swept_at=None) | Q(swept_at__lt=tonight), deleted_at=None)
    rows = {row.id: row for row in due}
    return sum(_swept(rows[number], node, now) for number, node in parsed(rows.values()))


def _swept(row: SavedSearch, node: query.Node, now: datetime) -> int:
    new = 0
    for ids in all_ids(node, Filter(start=now - SWEEP_BACK, end=now)):
        known = set(SavedHit.objects.filter(search=row, post_id__in=ids).values_list("post_id", flat=True))
        made = [_hit(row, post_id, now, swept=True) for post_id in ids if post_id not in known]
        past = set(Post.objects.filter(id__in=[hit.post_id for hit in made], past=True).values_list("id", flat=True))
        for hit in made:
            if hit.post_id in past:
                hit.quiet = "past"  # brought later by a back-fill: no news
        SavedHit.objects.bulk_create(made, ignore_conflicts=True)
        new += len(made)
    SavedSearch.objects.filter(id=row.id).update(swept_at=now)
    return new


@dataclass(frozen=True)
class Trial:
    """A topic tried on the archive before it is saved."""

    total: int
    days: float
    per_day: float
    busiest: tuple[str, int] | None  # the Shanghai day with the most hits


def tried(node: query.Node, now: datetime) -> Trial:
    """How often this topic would have fired over the last two weeks. Raises SearchUnavailable."""
    by_day: Counter[str] = Counter()
    for ids in all_ids(node, Filter(start=now - TRIED_OVER, end=now)):
        for at in Post.objects.filter(id__in=ids).values_list("published_at", flat=True):
            by_day[f"{at.astimezone(SHANGHAI):%Y-%m-%d}"] += 1
    total = by_day.total()
    days = TRIED_OVER / timedelta(days=1)
    busiest = max(by_day.items(), key=lambda d: (d[1], d[0])) if by_day else None
    return Trial(total, days, total / days, busiest)


def too_often(trial: Trial, most_per_day: int) -> str:
    """Why a topic that tells may not be saved as it is, or ""."""
    busiest = trial.busiest[1] if trial.busiest else 0
    if busiest <= most_per_day:
        return ""
    assert trial.busiest
    return (
        f"近 {trial.days:.0f} 天里 {trial.busiest[0]} 一天就命中 {busiest} 条，超过每日上限 {most_per_day} 条："
        "请加限定词，或提高上限，或不勾选“命中即告知”"
    )


def grouped(must: Sequence[Sequence[str]], must_not: Sequence[str]) -> str:
    """The query of the simple form: of each group any word, all groups, none of the last; "" when all are empty."""
    groups = [words for group in must if (words := [_quoted(w) for w in group if w.strip()])]
    wanted = [words[0] if len(words) == 1 else f"({' 或 '.join(words)})" for words in groups]
    without = [f"非 {_quoted(w)}" for w in must_not if w.strip()]
    return " ".join([*wanted, *without]) if wanted else ""


def _quoted(word: str) -> str:
    return "“" + word.strip().replace("“", "").replace("”", "").replace('"', "") + "”"
