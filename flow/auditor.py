"""The auditor: a process of its own that asks whether everything that must hold holds (flow/invariants.py).

It reads on a connection that cannot write, within a time budget. What is broken it repairs on a second one by the
engine's own steps, which unique keys and leases make safe to repeat beside a running engine; and it tells people by
a channel other than the one that fails. Only after a clean audit does it call the heartbeat address, so that
silence alarms outside (alerting.md §2.5-11).
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, close_old_connections, connections, transaction

from alerts import channel_settings, messages, outbox
from alerts.escalation import Ladder, first_steps
from alerts.roster import on_duty
from analysis.models import Event
from config import clock
from flow import audit, delivery, instants, invariants, owing, telling, watch
from flow.invariants import Violation
from flow.lookout import AT_MOST, budget, look, reading_connection
from flow.models import Lease
from flow.policy import Policy
from sla import engine
from sla.models import Milestone, Obligation

log = logging.getLogger(__name__)
AUDITOR = "auditor"
EVERY_S = 5.0
HEARTBEAT_S = 30.0
TELL_AFTER = 2  # audits in a row that find it: a restart of the engine is no reason to page
SENDS = 20  # what the auditor sends itself for an engine that does not


def repair(found: Sequence[Violation], policy: Policy, now: datetime, real: datetime) -> int:
    """Put right what can be put right from the rows themselves; how many things were done."""
    codes = {v.code for v in found}
    done = 0
    for v in found:
        if v.code == invariants.CLOCK_MISSING:
            done += _open_clocks(_id(v), policy, now)
        elif v.code == invariants.CLOCK_SILENT:
            done += _write_milestones(_id(v))
    if invariants.LEASE_LATE in codes:
        done += delivery.take_back_expired(real)
    if codes & {invariants.MILESTONE_LATE, invariants.TICK_STALE, invariants.CLOCK_SILENT}:
        done += watch.glance(policy, now)["alerts"]
    if invariants.TICK_STALE in codes:
        done += _send(policy.ladder, list(policy.ladder.channels), now)
    elif stuck := sorted({v.channel for v in found if v.code == invariants.DELIVERY_STUCK}):
        done += _send(policy.ladder, stuck, now)
    return done


def _id(v: Violation) -> int:
    return int(v.subject.partition(":")[2])


def _open_clocks(event_id: int, policy: Policy, now: datetime) -> int:
    with transaction.atomic():
        event = Event.objects.select_for_update().get(pk=event_id)
        standing = Obligation.objects.filter(event=event, superseded_at=None)
        changes = owing.reconcile(event, standing, policy.duties, now)
        if not changes.new:
            return 0
        owing.write([changes], now)
        outbox.write(telling.opened(event, changes, policy, now), now)
        audit.record(AUDITOR, "clock.restored", f"event:{event_id}", now, duties=[ob.duty for ob in changes.new])
    return len(changes.new)


def _write_milestones(obligation_id: int) -> int:
    """The milestones its own rule asks for; those that were told stay as they are, and what is due is told next."""
    with transaction.atomic():
        ob = Obligation.objects.select_for_update().filter(watch.running(), pk=obligation_id).first()
        if ob is None:
            return 0
        wanted = engine.milestones(engine.duty_of(ob.rule), ob.due_at)
        rows = [Milestone(obligation=ob, code=code, at=at) for code, at in wanted]
        Milestone.objects.bulk_create(rows, ignore_conflicts=True)
        return Milestone.objects.filter(obligation=ob, fired_at=None).update(superseded_at=None)


def _send(ladder: Ladder, channels: Sequence[str], now: datetime) -> int:
    """Be a sender for a while; a claim has one owner, whoever else sends."""
    deadline = time.monotonic() + EVERY_S
    sent = 0
    for name in channels:
        while sent < SENDS and time.monotonic() < deadline and delivery.send_one(ladder, name, now):
            sent += 1
    return sent


def page(found: Sequence[Violation], ladder: Ladder, now: datetime) -> int:
    """Tell people of each invariant that is broken, once an hour, by every channel but those that fail; how many alerts."""
    by_code: dict[str, list[Violation]] = defaultdict(list)
    for v in found:
        by_code[v.code].append(v)
    plans = []
    failing = {v.channel for v in found}
    others = replace(ladder, channels={n: c for n, c in ladder.channels.items() if n not in failing})
    hour = now.strftime("%Y%m%dT%HZ")
    for code, some in by_code.items():
        lines = [f"· {v.subject}：{v.text}" for v in some[:10]]
        if len(some) > len(lines):
            lines.append(f"· 另有 {len(some) - len(lines)} 项（huiying check --live 列出）")
        message = messages.system(f"自检发现：{invariants.NAMES[code]}（{len(some)} 项）", "\n".join([*lines, "已尝试自动修复，请核对引擎与数据库。"]))
        steps = first_steps(
            f"{_cause(code)}{hour}", "system", message, grade=None, at=now, ladder=others, on_duty=on_duty(now)
        )
        # The service itself fails: that may not queue behind everything else.
        plans += [replace(plan, priority=1) for plan in steps]
    with transaction.atomic():
        alerts, _ = outbox.write(plans, now)
    return alerts


def _cause(code: str) -> str:
    return f"audit:{code}:"


def stand_down(found: Sequence[Violation], now: datetime) -> None:
    """What holds again needs no answer any more."""
    broken = {v.code for v in found}
    for code in invariants.NAMES:
        if code not in broken:
            with transaction.atomic():
                outbox.stand_down_cause(_cause(code), now)


class Auditor:
    """Audits in turn; remembers only what the last ones found."""

    def __init__(self, policy: Policy, using: str = DEFAULT_DB_ALIAS) -> None:
        self._policy, self._using = policy, using
        self._in_a_row: dict[str, int] = {}
        self._paged = False
        self._beat_at = float("-inf")

    def audit(self) -> list[Violation]:
        """One audit with all that follows from it; what it found. Raises DatabaseError when it could not look."""
        real = instants.real_now()
        now = clock.service_time(real)
        with budget(self._using):
            found = look(self._policy, now, real, using=self._using)
        if found:
            log.warning("audit: %s", "; ".join(f"{v.subject} {v.code}" for v in found[:10]))
            done = repair(found, self._policy, now, real)
            log.warning("audit: %d repairs", done)
        codes = {v.code for v in found}
        self._in_a_row = {code: self._in_a_row.get(code, 0) + 1 for code in codes}
        if lasting := [v for v in found if self._in_a_row[v.code] >= TELL_AFTER]:
            page(lasting, self._policy.ladder, now)
            self._paged = True
            if invariants.TICK_STALE in codes:
                _send(self._policy.ladder, [n for n in self._policy.ladder.channels if n not in {v.channel for v in lasting}], now)
        elif self._paged:
            stand_down(found, now)
            self._paged = bool(found)
        _report(found, real)
        if not found:
            self._heartbeat()
        return found

    def _heartbeat(self) -> None:
        if settings.HEARTBEAT_URL and time.monotonic() - self._beat_at >= HEARTBEAT_S - EVERY_S / 2:
            self._beat_at = time.monotonic()
            heartbeat(settings.HEARTBEAT_URL)


def heartbeat(url: str) -> bool:
    """Tell the watcher outside that all is well. Its address may hold a key, so no log shows it."""
    try:
        status = httpx.get(url, timeout=5).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as e:
        log.warning("heartbeat not delivered: %s", type(e).__name__)
        return False
    if status >= 400:
        log.warning("heartbeat not accepted: HTTP %d", status)
    return status < 400


def _report(found: Sequence[Violation], real: datetime) -> None:
    listed = [{"code": v.code, "subject": v.subject, "text": v.text} for v in found[:AT_MOST]]
    values = {
        "holder": f"{socket.gethostname()}:{os.getpid()}", "pid": os.getpid(), "ticked_at": real,
        "until": real + timedelta(seconds=3 * EVERY_S), "found": listed,
    }  # fmt: skip
    Lease.objects.update_or_create(name=AUDITOR, defaults=values)


def run(policy: Policy, stop: threading.Event) -> None:
    """Audit until `stop` is set. An audit that fails is logged, sends no heartbeat, and the next one comes."""
    auditor, channels = Auditor(policy, reading_connection()), channel_settings.newest()
    stop.wait(EVERY_S)  # the engine, started at the same moment, is given time for its first tick
    while not stop.is_set():
        try:
            auditor.audit()
            if channel_settings.newest() != channels:
                stop.set()  # the parent starts it again, with the channels as they are now
        except DatabaseError as e:
            log.warning("audit not done: %s", e)
        except Exception:
            log.exception("audit failed, goes on")
        finally:
            for one in connections.all(initialized_only=True):
                if one.vendor != "sqlite" or one.errors_occurred:
                    one.close_if_unusable_or_obsolete()
        stop.wait(EVERY_S)
    close_old_connections()
