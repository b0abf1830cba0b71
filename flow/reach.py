"""Whether the escalation policy reaches anybody: for `check` and the policy's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from alerts.escalation import OTHER_GRADES
from alerts.ladder import Ladder, Level, rule_for
from alerts.policy import FILE
from alerts.roster import on_duty
from flow.roles import ROLES
from sla.engine import GRADES


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Who stands behind one level."""

    level: Level
    holders: tuple[str, ...]  # active people with the role
    on_shift: tuple[str, ...]  # people whom the rota has on duty now

    @property
    def empty(self) -> bool:
        return not self.holders and not self.on_shift


def levels(ladder: Ladder, now: datetime) -> list[Reach]:
    shifts = on_duty(now)
    return [
        Reach(
            level=level,
            holders=tuple(
                User.objects.filter(groups__name=level.role, is_active=True).order_by("id").values_list("username", flat=True)
            ),
            on_shift=tuple(p.name for p in shifts.get(level.role, ())),
        )
        for level in ladder.levels
    ]


def problems(ladder: Ladder, now: datetime) -> tuple[list[dict[str, object]], list[str]]:
    """(what is wrong, what should be known): a policy of which no level has anybody is wrong, and so is an unknown role.

    One empty level is a note: its alerts lie in the role's inbox and go to the level above at once or in time.
    """
    found = levels(ladder, now)
    wrong: list[dict[str, object]] = [
        _problem(f"level[{r.level.n}].role", r.level.role, "unknown role; known: " + ", ".join(ROLES))
        for r in found
        if r.level.role not in ROLES
    ]
    empty = {r.level.n for r in found if r.empty}
    for kind in sorted(ladder.escalates):
        for grade in (*GRADES, None):
            rule = rule_for(kind, grade, ladder)
            if {level.n for level in rule.levels} <= empty:
                who = "、".join(level.role for level in rule.levels)
                hint = "nobody would hear of it: make an active user with one of these roles (huiying createuser), or a shift"
                wrong.append(_problem(f"{kind}.{grade or OTHER_GRADES}", who, hint))
    nobody = "no level has an active user or anybody on shift: huiying createuser NAME --role duty_officer …"
    if len(empty) == len(found):
        # The same for every kind and grade: said once. A house that has hired nobody is not set up yet; one that has,
        # and whose policy names none of them, has a wrong policy.
        unknown = [w for w in wrong if str(w["key"]).startswith("level[")]
        if not User.objects.filter(is_active=True, groups__name__in=set(ROLES) - {"admin"}).exists():
            return unknown, [f"{FILE}: {nobody}"]
        wrong = [*unknown, _problem("level", "、".join(r.level.role for r in found), nobody)]
    notes = [
        f"{FILE}: level[{r.level.n}] {r.level.role}（{r.level.name}）: no active user and nobody on shift; its alerts wait in the role's inbox"
        for r in found
        if r.empty and len(empty) < len(found)
    ]
    return wrong, notes


def _problem(key: str, value: str, hint: str) -> dict[str, object]:
    return {"file": FILE, "key": key, "value": value, "hint": hint}
