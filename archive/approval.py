"""The assessment a source needs before it is read (网络数据安全管理条例 第十八条): what it covers, and when it ends.

A source carries the approval in force (approved_by, approved_at, approved_for, robots_for); Approval rows are its history.
All writers expect the caller's transaction.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime

from archive import spells
from archive.models import Approval, Source

ENGINE = "engine"
COVERED = {"kind": "类型", "url": "地址", "interval_s": "读取间隔", "options": "设置"}
FIRST = "新增信源"


@dataclass(frozen=True)
class Robots:
    """A host's robots.txt as last fetched; `body` "" when the host has none."""

    body: str
    at: datetime

    @property
    def sha(self) -> str:
        return hashlib.sha256(self.body.encode()).hexdigest()


def covered(source: Source) -> str:
    """A digest of all that an approval speaks about: change one of them and it must be asked for again."""
    parts = {name: getattr(source, name) for name in COVERED}
    # Which articles of our own account the comments are read of changes with every article; it reaches no further.
    parts["options"] = {key: value for key, value in source.options.items() if key != "comments"}
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def rules_for_us(robots: str) -> str:
    """A digest of the robots.txt lines that bind us: groups for everybody or for us. Sitemaps and comments are news to nobody."""
    kept: list[str] = []
    agents: list[str] = []
    in_rules = True
    for line in robots.splitlines():
        key, _, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if key == "user-agent":
            agents = [value.lower()] if in_rules else [*agents, value.lower()]
            in_rules = False
        elif key:
            in_rules = True
            if key in ("allow", "disallow", "crawl-delay") and any(a == "*" or "huiying" in a for a in agents):
                kept.append(f"{'/'.join(sorted(agents))} {key}:{value}")
    return hashlib.sha256("\n".join(sorted(kept)).encode()).hexdigest()


def vouched(source: Source, by: str, at: datetime, robots: Robots | None = None) -> Source:
    """`source`, not saved, enabled with this approval for what it is now."""
    source.approved_by, source.approved_at, source.approved_for = by, at, covered(source)
    source.robots_for = rules_for_us(robots.body) if robots else ""
    source.enabled, source.enabled_at = True, at
    return source


def missing(source: Source) -> str:
    """Why this source may not be read although it is enabled: what it is now was never approved. "" = it may."""
    if not source.approved_at:
        return "尚未批准"
    return "" if source.approved_for == covered(source) else "批准后设置有变，须重新批准"


def ask(source: Source, by: str, why: str, at: datetime) -> Approval:
    """A new question about what `source` is now; the one that waited before is taken back, the one in force ends."""
    end(source, why, at)
    rows = Approval.objects.filter(source=source, state=Approval.State.WAITING)
    rows.update(state=Approval.State.ENDED, ended_at=at, ended_why="已由新的申请取代")
    return Approval.objects.create(source=source, why=why[:300], asked_by=by, asked_at=at, **_terms(source))


def end(source: Source, why: str, at: datetime) -> None:
    """The approval in force, if any, is over: the source stops."""
    rows = Approval.objects.filter(source=source, state=Approval.State.GIVEN)
    rows.update(state=Approval.State.ENDED, ended_at=at, ended_why=why[:300])
    stop(source, "unapproved", f"{why}，等待批准", at)
    source.approved_by, source.approved_at, source.approved_for, source.robots_for = "", None, "", ""
    source.save(update_fields=["approved_by", "approved_at", "approved_for", "robots_for"])


def stop(source: Source, code: str, detail: str, at: datetime) -> None:
    """Not read any more, for this reason; cursor and history stay."""
    source.enabled, source.next_run_at, source.failures = False, None, 0
    source.save(update_fields=["enabled", "next_run_at", "failures"])
    spells.turn(source, Source.State.OFF, code, detail, at)


def start(source: Source, at: datetime) -> None:
    """Read from now on, under the approval in force."""
    source.enabled, source.enabled_at, source.next_run_at, source.failures = True, at, at, 0
    source.save(update_fields=["enabled", "enabled_at", "next_run_at", "failures"])
    spells.turn(source, Source.State.QUIET, "", "尚未读取", at)


def give(approval: Approval, by: str, at: datetime, robots: Robots | None, note: str = "") -> None:
    """Decide it in favour: the source is enabled with exactly what was asked about."""
    source = approval.source
    approval.state, approval.decided_by, approval.decided_at, approval.note = Approval.State.GIVEN, by, at, note
    if robots:
        approval.robots, approval.robots_sha, approval.robots_at = robots.body, robots.sha, robots.at
    approval.save()
    vouched(source, by, at, robots)
    source.save(update_fields=["approved_by", "approved_at", "approved_for", "robots_for", "enabled", "enabled_at"])
    start(source, at)


def seen_robots(source: Source, robots: Robots, at: datetime) -> bool:
    """Hold what the host says now against what was approved; False when it binds us otherwise: then the source stops.

    An approval given before robots.txt could be read takes the first one seen as its snapshot.
    """
    rules = rules_for_us(robots.body)
    if source.robots_for == rules:
        return True
    if not source.robots_for:
        source.robots_for = rules
        source.save(update_fields=["robots_for"])
        Approval.objects.filter(source=source, state=Approval.State.GIVEN, robots_at=None).update(
            robots=robots.body, robots_sha=robots.sha, robots_at=robots.at
        )
        return True
    ask(source, ENGINE, "robots.txt 对我们的规定有变", at)
    return False


def changed(before: Source, after: Source) -> str:
    """What of the covered settings differs, in Chinese; "" when nothing does."""
    names = [word for name, word in COVERED.items() if getattr(before, name) != getattr(after, name)]
    if before.url != after.url:
        names[names.index("地址")] = f"地址由 {_short(before.url)} 改为 {_short(after.url)}"
    return "、".join(names) + "有变" if names else ""


def _terms(source: Source) -> dict[str, object]:
    names = ("purpose", "legal_basis", *COVERED)
    return {name: getattr(source, name) for name in names}


def _short(url: str) -> str:
    return re.sub(r"^https?://", "", url)[:100]
