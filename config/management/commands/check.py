from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error

from archive.months import SearchUnavailable
from archive.server import server
from config import clock
from config.door import ConfigError

TICK_OLD_S = 5
AUDIT_OLD_S = 60


class Command(BaseCommand):
    help = "Check every configuration file; --index also the search index, --live the running service. Exit 1 = wrong."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--index", action="store_true", help="compare the search index with the posts")
        parser.add_argument("--live", action="store_true", help="also: is the engine's heart beating, and does everything hold that must (auditor)")

    def handle(self, *args: Any, **options: Any) -> None:
        self.problems: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self._files()
        readable = not self.problems
        if readable:
            self._guard("database", self._tables)
        if options["index"] and not self.problems:
            self._guard("index", self._index)
        if options["live"] and not self.problems:
            self._guard("engine", self._live)
        if readable:
            self._guard("database", self._reach)
        answer = {"ok": not self.problems, "problems": self.problems, "notes": self.notes}
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False, default=str))
        else:
            self._tell()
        if self.problems:
            sys.exit(1)

    def _files(self) -> None:
        """Each file on its own, so that one check names every mistake."""
        from alerts.policy import load_ladder
        from analysis import joining
        from analysis.heat_policy import load_heat
        from analysis.loading import load_reader
        from analysis.policy import load_editions
        from archive.retention import load_retention
        from crawlers.columns import load_mappings
        from crawlers.seeding import load_seeds
        from sla.policy import load_calendar, load_duties

        for load in (load_duties, load_editions, load_heat, load_ladder, load_retention, load_seeds, load_mappings):
            self._config(partial(load, settings.POLICY))

        def words() -> None:
            if note := load_reader(settings.POLICY, None).model_note:
                self.notes.append(note)
            if note := joining.ready()[1]:
                self.notes.append(note)

        def holidays() -> None:
            if years := load_calendar(settings.POLICY).provisional:
                named = "、".join(str(year) for year in sorted(years))
                self.notes.append(f"calendar.toml: {named} 年放假安排未公布，暂按法定节日；公布后请补录")

        self._config(words)
        self._config(holidays)
        self._config(server)

    def _config(self, load: Callable[[], object]) -> None:
        try:
            load()
        except ConfigError as e:
            self.problems.append({"file": e.file, "key": e.key, "value": e.value, "hint": e.hint})

    def _guard(self, what: str, look: Callable[[], None]) -> None:
        try:
            look()
        except (Error, OSError, SearchUnavailable) as e:
            self.problems.append({"file": what, "key": "-", "value": None, "hint": f"{type(e).__name__}: {e}"})

    def _tables(self) -> None:
        from config.management.prepare import prepare
        from flow.models import Outcome

        prepare()
        self._rota()
        aside = Outcome.objects.filter(kind=Outcome.Kind.SET_ASIDE).count()
        if aside:
            self.notes.append(f"{aside} posts were set aside with their error; see the console's 值班台")

    def _reach(self) -> None:
        from alerts.policy import load_ladder
        from flow import reach

        wrong, notes = reach.problems(load_ladder(settings.POLICY), clock.now())
        self.problems += wrong
        self.notes += notes

    def _rota(self) -> None:
        """A note, not a mistake: an empty shift is told to the level above (and a new house has no rota yet)."""
        from datetime import timedelta

        from alerts import rota as shifts
        from alerts.policy import load_ladder
        from alerts.roster import duties_in
        from flow.rota import holes

        now, week = clock.now(), timedelta(days=7)
        duties = duties_in(now, now + week)
        if not duties:
            return
        empty = len(holes(load_ladder(settings.POLICY), now, now + week, duties))
        twice = sum(c.twice for c in shifts.overlaps(duties, now, now + week))
        if empty or twice:
            self.notes.append(f"rota: {empty} empty intervals, {twice} times one person on two shifts in 7 days; `huiying rota check`")

    def _index(self) -> None:
        from archive import indexing
        from archive.models import Erasure
        from flow import documents

        for row in Erasure.objects.filter(rewritten_at=None, due_at__lt=clock.real_now() - timedelta(hours=1)):
            hint = "files not yet rewritten without it: is the engine running?"
            self.problems.append({"file": "index", "key": f"erasure of post {row.post_id}", "value": row.month, "hint": hint})
        for difference in indexing.compare(documents.documents):
            self.problems.append({"file": "index", "key": "posts", "value": str(difference), "hint": "run `huiying reindex`"})

    def _live(self) -> None:
        from config import clock
        from flow import auditor, instants, locks, lookout
        from flow.models import Lease
        from flow.policy import load_policy

        real = instants.real_now()
        rows = {row.name: row for row in Lease.objects.all()}
        age = _age(rows.get(locks.ENGINE), real)
        if age is None or age > TICK_OLD_S:
            self._wrong("engine", "last tick", age, "no heartbeat; start it with `huiying up`")
        audited = _age(rows.get(auditor.AUDITOR), real)
        if audited is None:
            self.notes.append("the auditor has not run on this folder; `huiying up` starts it beside the engine")
        elif audited > AUDIT_OLD_S:
            self._wrong("auditor", "last audit", audited, "no audit; start it with `huiying up`")
        for v in lookout.look(load_policy(settings.POLICY), clock.service_time(real), real):
            if v.subject != "engine":
                self._wrong(v.subject, v.code, v.channel or None, v.text)

    def _wrong(self, file: str, key: str, value: object, hint: str) -> None:
        self.problems.append({"file": file, "key": key, "value": value, "hint": hint})

    def _tell(self) -> None:
        for p in self.problems:
            self.stdout.write(f"✗ {p['file']}: {p['key']} = {p['value']!r}: {p['hint']}")
        for note in self.notes:
            self.stdout.write(f"! {note}")
        if not self.problems:
            self.stdout.write("✓ 配置无误")


def _age(row: Any, real: datetime) -> float | None:
    """Seconds since a role last did its work; None when it never did."""
    return (real - row.ticked_at).total_seconds() if row and row.ticked_at else None
