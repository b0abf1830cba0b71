"""Why somebody was told, what happens next and to whom, and why somebody else was not told. Pure: facts in, data out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.escalation import CONSOLE, GROUP, HANDED, ON_SHIFT, REPLACES, ROLE_INBOX, TOLD_BEFORE
from alerts.ladder import Rule
from alerts.messages import moment

BECAUSE = {
    ON_SHIFT: "当班",
    ROLE_INBOX: "值班表无此岗位人员，送岗位公共收件箱",
    GROUP: "该级的群组",
    HANDED: "指名转交",
    TOLD_BEFORE: "此前已被告知此事",
    REPLACES: "另一渠道未确认送达，改经此渠道",
    "": "",
}
OPEN, SNOOZED, ACKNOWLEDGED, CLOSED, SETTLED, NOTICE = "open", "snoozed", "acknowledged", "closed", "settled", "notice"
STATES = {
    OPEN: "待确认",
    SNOOZED: "已暂缓",
    ACKNOWLEDGED: "已确认",
    CLOSED: "已由领导关闭",
    SETTLED: "已办结或撤下",
    NOTICE: "通知，无需确认",
}
ESCALATE, REPEAT, RESUME, LAPSE, NOTHING = "escalate", "repeat", "resume", "lapse", "nothing"
WORDS = {
    ESCALATE: "无人确认即告知上一级",
    REPEAT: "无人确认即再次告知同一级",
    RESUME: "暂缓到时，再次告知同一级",
    LAPSE: "届时仍无办理记录，确认失效，恢复上报",
    NOTHING: "不再告知任何人",
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """One delivery of a step."""

    channel: str
    address: str
    user: str | None
    because: str
    state: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class StepFacts:
    level: int
    repeat: int
    raised_at: datetime
    escalates_at: datetime | None
    handed_to: str | None
    told: tuple[Told, ...]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One cause as its rows have it."""

    rule: Rule
    steps: tuple[StepFacts, ...]  # as they were told; the last one runs
    acked_at: datetime | None = None
    acked_by: str = ""
    ack_ends_at: datetime | None = None
    snoozed_until: datetime | None = None
    closed_at: datetime | None = None
    stood_down_at: datetime | None = None

    @property
    def head(self) -> StepFacts:
        return self.steps[-1]


@dataclass(frozen=True, kw_only=True)
class Someone:
    """The person who asks why they were not told."""

    name: str
    active: bool
    roles: frozenset[str]
    # Whether the rota had the person on duty when each step was told.
    on_shift: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class Coming:
    """What happens at `at` if nothing is done before."""

    what: str
    at: datetime | None
    level: int | None
    name: str  # of the level: 带班领导


def state(facts: Facts) -> str:
    if facts.closed_at:
        return CLOSED
    if facts.stood_down_at:
        return SETTLED
    if not facts.rule.escalates:
        return NOTICE
    if facts.acked_at:
        return ACKNOWLEDGED
    return SNOOZED if facts.snoozed_until else OPEN


def coming(facts: Facts) -> Coming:
    """The next thing that happens by itself."""
    rule, head, now_is = facts.rule, facts.head, state(facts)
    following = min(head.level + 1, rule.top)
    if now_is == ACKNOWLEDGED and facts.ack_ends_at:
        return Coming(what=LAPSE, at=facts.ack_ends_at, level=following, name=rule.level(following).name)
    if now_is == SNOOZED:
        return Coming(what=RESUME, at=facts.snoozed_until, level=head.level, name=rule.level(head.level).name)
    if now_is != OPEN or head.escalates_at is None:
        return Coming(what=NOTHING, at=None, level=None, name="")
    what = ESCALATE if head.level < rule.top else REPEAT
    return Coming(what=what, at=head.escalates_at, level=following, name=rule.level(following).name)


def foresee(rule: Rule, level: int, at: datetime, count: int = 6) -> list[Coming]:
    """What is told from `at` on, when `level` is due to be told then and nobody ever answers."""
    found: list[Coming] = []
    while len(found) < count:
        last = found[-1].level if found else None
        what = REPEAT if last == level else ESCALATE
        found.append(Coming(what=what, at=at, level=level, name=rule.level(level).name))
        delay = rule.delay_after(level)
        if delay is None:
            break
        at, level = at + delay, min(level + 1, rule.top)
    return found


def rehearse(rule: Rule, at: datetime, count: int = 4) -> list[Coming]:
    """The whole course of an alert of this rule raised at `at`: the levels told at once, then each further step."""
    first = [
        Coming(what=ESCALATE, at=at, level=n, name=rule.level(n).name) for n in range(1, rule.at_once)
    ]
    return first + foresee(rule, rule.at_once, at, rule.top - rule.at_once + count - 1)


def in_seconds(at: datetime | None, now: datetime) -> int | None:
    """Whole seconds from now, 0 when it is already due."""
    return None if at is None else max(0, round((at - now) / timedelta(seconds=1)))


def why_told(step: StepFacts, told: Told, rule: Rule) -> str:
    """One sentence: which step, and why this address."""
    name = rule.level(step.level).name
    how = BECAUSE.get(told.because, "")
    times = f"第 {step.repeat} 次" if step.repeat > 1 else ""
    return f"{moment(step.raised_at)} {times}告知第 {step.level} 级（{name}）" + (f"：{how}" if how else "")


def was_told(facts: Facts, who: Someone) -> list[tuple[StepFacts, Told]]:
    """The deliveries that reached this person, or an inbox the person reads."""
    inboxes = {f"user:{who.name}", *(f"role:{role}" for role in who.roles)}
    return [
        (step, told)
        for step in facts.steps
        for told in step.told
        if told.user == who.name or (told.channel == CONSOLE and told.address in inboxes)
    ]


def why_not(facts: Facts, who: Someone, now: datetime) -> list[str]:
    """Every reason for which this person was not told; empty when they were."""
    if was_told(facts, who):
        return []
    reasons = [] if who.active else [f"{who.name} 的账号已停用"]
    mine = [level for level in facts.rule.levels if level.role in who.roles]
    if not mine:
        names = "、".join(level.name for level in facts.rule.levels)
        return [*reasons, f"{who.name} 不担任此类告警告知的岗位（{names}）"]
    for level in mine:
        steps = [(s, on) for s, on in zip(facts.steps, who.on_shift, strict=True) if s.level == level.n]
        reasons += _not_in(steps, level.name, who) if steps else [_not_reached(facts, level.n, level.name, now)]
    return reasons


def _not_in(steps: Sequence[tuple[StepFacts, bool]], name: str, who: Someone) -> list[str]:
    reasons = []
    for step, on_shift in steps:
        if step.handed_to:
            reasons.append(f"{moment(step.raised_at)} 已指名转交 {step.handed_to}")
        elif not on_shift:
            others = "、".join(dict.fromkeys(t.user for t in step.told if t.user)) or "无"
            reasons.append(f"{moment(step.raised_at)} 告知{name}时，{who.name} 不当班；当班的是：{others}")
        else:
            reasons.append(f"{moment(step.raised_at)} 告知{name}之后，{who.name} 才排入该班")
    return reasons


def _not_reached(facts: Facts, n: int, name: str, now: datetime) -> str:
    here, now_is = facts.head.level, state(facts)
    if n < here:
        return f"第 {n} 级（{name}）当时无人在岗，已直接告知第 {here} 级"
    if now_is in (OPEN, SNOOZED) and facts.head.escalates_at:
        ahead = foresee(facts.rule, min(here + 1, facts.rule.top), facts.head.escalates_at)
        at = next((c.at for c in ahead if c.level == n), None)
        return f"尚未升级到第 {n} 级（{name}）；一直无人确认则 {moment(at) if at else '—'} 告知"
    if now_is == ACKNOWLEDGED and facts.acked_at:
        return f"{facts.acked_by or '消息链接'} 于 {moment(facts.acked_at)} 确认，未再升级到第 {n} 级（{name}）"
    return f"未升级到第 {n} 级（{name}）：{STATES[now_is]}"
