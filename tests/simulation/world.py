"""A service lived through by hand: time, people, a robot and kills are the test's, everything else is the real thing.

`check` asks what must hold at every moment (alerting.md §2.5-11) and what no single row can show: nothing is told
twice, nothing that is over is still told, every robot message arrives, and a copy is marked as one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from alerts import throttle
from alerts.channels import channel
from alerts.channels.base import DeliveryFailed, Sent
from alerts.models import Alert, Delivery
from analysis.models import Event, Reading
from config.clock import real_now
from flow import (
    acts,
    audit,
    clock_acts,
    delivery,
    handling,
    intake,
    invariants,
    lookout,
    regroup,
    release,
    subjects,
    watch,
)
from flow.models import Regroup
from flow.placing import Placer
from sla.engine import Unmet
from sla.models import Milestone, Obligation
from tests.alerts import ladders
from tests.flow import city

SETTINGS = ladders.slack("http://127.0.0.1:9/")
POLICY = replace(city.POLICY, ladder=replace(city.POLICY.ladder, channels={"slack": SETTINGS}))
ROBOT = channel("slack", POLICY.ladder)
RATE = throttle.Rate(per_minute=1_000_000, reserved=0)
REAL_TIME = {invariants.TICK_STALE, invariants.DELIVERY_STUCK, invariants.LEASE_LATE}  # no real time passes in here
LATER = timedelta(hours=25)
TEXTS = (
    city.FIRE,
    ("灞桥厂房火灾死亡人数升至31人", "最新消息：西安市灞桥区某厂房火灾死亡人数升至31人，公安机关已控制企业负责人。"),
    ("雁塔区一酒店起火，求通报", "西安市雁塔区某酒店起火，有没有人受伤？请公安局通报！"),
    ("高新区持刀伤人致3死", "西安市高新区发生持刀伤人案，已致3人死亡，警方已控制嫌疑人。"),
)


class Killed(Exception):
    """The process died inside a transaction."""


class World:
    def __init__(self, start: datetime) -> None:
        self.now, self.robot_up, self.watching = start, True, True
        self.arrived: Counter[int] = Counter()  # delivery -> copies the robot took
        self.unmarked: Counter[int] = Counter()  # of them, those not marked as a possible copy
        self.killed: set[int] = set()
        self.refused = self.done = self.posted = 0
        self.highest = start
        self.placer = Placer(POLICY.edition, city.READERS.here)
        self.zhao, self.li, self.wang = city.user("zhao"), city.user("li", "centre_head"), city.user("wang", "bureau_leader")

    # What the service does

    def live(self, hours: float) -> None:
        """Time passes; the engine, when it runs, looks and sends."""
        self.now += timedelta(hours=hours)
        self.highest = max(self.highest, self.now)
        if self.watching:
            self.tick()

    def tick(self) -> None:
        intake.run(self.placer, city.READERS, POLICY, self.now, replay=True, held=False)
        watch.run(POLICY, self.now, held=False)
        self.send()

    def send(self) -> None:
        """Everything the robot is owed, its waits over; while it does not answer, a few vain tries."""
        tries = 0
        while (self.robot_up or tries < 3) and (claimed := self._claim()):
            tries += 1
            if self.robot_up:
                self._take(claimed)
                delivery.settle(claimed, Sent(), POLICY.ladder, self.now)
            else:
                delivery.settle(claimed, DeliveryFailed("slack: HTTP 503"), POLICY.ladder, self.now)

    def _claim(self) -> delivery.Claim | None:
        Delivery.objects.filter(settled_at=None, channel="slack").update(next_try_at=real_now())
        row = delivery._due("slack").order_by("priority", "id").first()
        return delivery.claim(row, ROBOT, RATE) if row else None

    def _take(self, claimed: delivery.Claim) -> None:
        self.arrived[claimed.delivery_id] += 1
        self.unmarked[claimed.delivery_id] += not claimed.parcel.maybe_twice

    def kill_a_sender(self, *, after_sending: bool) -> None:
        """It dies holding a lease; when the lease is over another takes the message up."""
        if claimed := self._claim():
            if after_sending and self.robot_up:
                self._take(claimed)
            self.killed.add(claimed.delivery_id)
            delivery.take_back_expired(real_now() + LATER)

    def kill_a_transaction(self) -> None:
        """The engine dies in the middle of a look: nothing of it may remain, and the next look does it all."""
        before = self._snapshot()
        try:
            with transaction.atomic():
                watch.run(POLICY, self.now, held=False)
                raise Killed
        except Killed:
            pass
        assert self._snapshot() == before
        if self.watching:
            self.tick()

    def _snapshot(self) -> tuple[object, ...]:
        return (
            Alert.objects.count(), Delivery.objects.count(), Obligation.objects.count(),
            Milestone.objects.filter(fired_at=None, superseded_at=None).count(),
        )  # fmt: skip

    # What people and the world do

    def post(self, n: int) -> None:
        title, body = TEXTS[n % len(TEXTS)]
        self.posted += 1
        city.post(title, body, self.now - timedelta(minutes=5), site=f"网站{self.posted}", received=self.now)

    def open(self, grade: str | None, hours_ago: float) -> None:
        at = self.now - timedelta(hours=hours_ago)
        self._act(
            acts.open_event, title=f"事件{Event.objects.count()}", at=at, type_="T04", grade=grade, user=self.zhao,
            knowledge="110通报", policy=POLICY, now=self.now,
        )  # fmt: skip

    def grade(self, n: int, grade: str) -> None:
        if event := self._event(n):
            self._act(acts.grade_event, event.pk, grade, self.zhao, "核实", self.li, POLICY, self.now)

    def publish(self, n: int, duty: str) -> None:
        if event := self._event(n):
            held = duty == "K2"
            self._act(
                release.record, event.pk, duties=[duty] if duty else [], title="通报", body="正文", drafted_by=self.zhao,
                reviewed_by=self.li, published_by=self.wang, channel="conference" if held else "portal",
                url="" if held else "https://example.cn/1", published_at=self.now, page=None if held else b"page",
                place="发布厅" if held else "", speaker="发言人" if held else "", attendees=30 if held else None,
                policy=POLICY, now=self.now, held=False,
            )  # fmt: skip

    def acknowledge(self, n: int) -> None:
        waiting = Alert.objects.filter(acked_at=None, stood_down_at=None).order_by("id")
        if count := waiting.count():
            self._act(handling.acknowledge, waiting[n % count].key, self.zhao, self.now)

    def correct(self, n: int, hours_ago: float) -> None:
        if event := self._event(n):
            self._act(clock_acts.correct_start, event.pk, self.now - timedelta(hours=hours_ago), self.li, "核实", POLICY, self.now)

    def exempt(self, n: int, duty: str) -> None:
        if event := self._event(n):
            self._act(clock_acts.exempt, event.pk, duty, self.li, "涉密", "保守国家秘密法", POLICY, self.now)

    def close(self, n: int) -> None:
        if event := self._event(n):
            self._act(clock_acts.close, event.pk, self.wang, "办结", POLICY, self.now)

    def reopen(self, n: int) -> None:
        if event := self._event(n, closed=True):
            self._act(clock_acts.reopen, event.pk, self.wang, "再起", POLICY, self.now)

    def pause(self, n: int) -> None:
        if event := self._event(n):
            self._act(clock_acts.pause, event.pk, "K4", self.li, "保密阶段", self.now)

    def resume(self, n: int) -> None:
        if event := self._event(n):
            self._act(clock_acts.resume, event.pk, "K4", self.li, POLICY, self.now)

    def merge(self, n: int, m: int) -> None:
        into, gone = self._event(n), self._event(m)
        if into and gone and into.pk != gone.pk:
            self._act(regroup.merge, into.pk, gone.pk, self._regrouping())

    def undo(self, n: int) -> None:
        """Take back a merge or split."""
        done = Regroup.objects.filter(undone_at=None).order_by("id")
        if count := done.count():
            self._act(regroup.undo, done[n % count].pk, self._regrouping())

    def split(self, n: int) -> None:
        if event := self._event(n):
            posts = list(Reading.objects.filter(event=event).order_by("id").values_list("post_id", flat=True))
            self._act(regroup.split, event.pk, posts[:1], self._regrouping())

    def _regrouping(self) -> regroup.Act:
        return regroup.Act(user=self.li, reason="核实", policy=POLICY, now=self.now)

    def letter(self, n: int, code: str) -> None:
        self._act(subjects.open_obligation, f"letter:{n}", "来信", code, self.now, POLICY, self.now)

    def answer_letter(self, n: int, code: str) -> None:
        self._act(subjects.settle, f"letter:{n}", code, "复函", self.now, self.zhao, self.now)

    def _event(self, n: int, *, closed: bool = False) -> Event | None:
        found = Event.objects.filter(merged_into=None, closed_at__isnull=not closed).order_by("id")
        count = found.count()
        return found[n % count] if count else None

    def _act(self, act, *given, **more) -> None:
        """A refused act leaves nothing behind; that is part of what is checked."""
        before = self._snapshot()
        try:
            act(*given, **more)
            self.done += 1
        except Unmet as e:
            assert e.field and str(e)
            assert self._snapshot() == before
            self.refused += 1

    # What must hold

    def check(self) -> None:
        if self.watching:
            found = [v for v in lookout.look(POLICY, self.now, real_now()) if v.code not in REAL_TIME]
            assert not found, found
        self._check_clocks()
        self._check_alerts()
        self._check_robot()

    def _check_clocks(self) -> None:
        current = Obligation.objects.filter(superseded_at=None)
        doubled = current.values("event_id", "subject", "duty").annotate(n=Count("id")).filter(n__gt=1)
        assert not doubled, list(doubled)
        assert not current.filter(event__merged_into__isnull=False).exists(), "a merged event carries no clock"
        to_come = Milestone.objects.filter(obligation=OuterRef("pk"), fired_at=None, superseded_at=None)
        running = Q(settled_at=None, exempt_reason="", paused_at=None)
        silent = current.filter(running, ~Exists(to_come)).exclude(event__closed_at__isnull=False)
        assert not silent.exists(), list(silent.values("id", "duty", "made_by"))
        over = Obligation.objects.filter(~(running & Q(superseded_at=None)) & Q(paused_at=None), Exists(to_come))
        assert not over.exists(), "a clock that is over has nothing left to tell"
        moved = current.exclude(made_by__in=("start", "resumed", "renewed", "extended")).filter(rev__gt=1, event__isnull=False)
        loosened = [ob for ob in moved if ob.due_at > ob.original_due_at and not self._ever_corrected(ob)]
        assert not loosened, [(ob.event_id, ob.duty, ob.rev, ob.made_by) for ob in loosened]

    def _ever_corrected(self, ob: Obligation) -> bool:
        """By a person, on this event or on one merged into it (which gave it its clock)."""
        return Obligation.objects.filter(duty=ob.duty, made_by__in=("start", "resumed", "renewed")).exists()

    def _check_alerts(self) -> None:
        over = Q(milestone__obligation__settled_at__isnull=False) | Q(milestone__obligation__superseded_at__isnull=False)
        open_still = Alert.objects.filter(over, stood_down_at=None)
        assert not open_still.exists(), list(open_still.values_list("key", flat=True))
        unheard = Alert.objects.annotate(n=Count("deliveries")).filter(n=0)
        assert not unheard.exists(), "an alert nobody was told of"
        told = Alert.objects.values("cause", "level", "raised_at").annotate(n=Count("id"))
        assert not told.filter(n__gt=1).exists()

    def _check_robot(self) -> None:
        sent = set(Delivery.objects.filter(channel="slack", state="sent").values_list("id", flat=True))
        assert sent <= self.arrived.keys() | self.killed, "marked as sent, never arrived"
        twice = {i for i, n in self.arrived.items() if n > 1}
        assert twice <= self.killed, "a message came twice though nobody was killed"
        assert all(self.unmarked[i] <= 1 for i in twice), "a copy that does not say so"
        lost = Delivery.objects.filter(channel="slack", state="failed")
        assert not lost.exists(), "given up"

    def end(self) -> None:
        """The robot is back, everything waiting goes out, the audit chain holds."""
        self.robot_up = self.watching = True
        self.live(1)
        self.check()
        waiting = Delivery.objects.filter(channel="slack", settled_at=None)
        assert not waiting.exists(), list(waiting.values("id", "state", "reason", "attempts", "next_try_at", "alert__key")[:5])
        while audit.seal():
            pass
        assert audit.verify()[1] is None
