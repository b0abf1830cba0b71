"""A small made-up city as rows: people of every role, sources, events with posts, clocks and alerts."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from functools import cache
from itertools import count

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from alerts.models import Alert, Attempt, Delivery
from analysis.models import Event, Fold, Grading, Reading
from archive.models import Post, Source
from config.clock import SHANGHAI, real_now
from flow.models import Lease
from sla import engine
from sla.models import Milestone, Obligation, Release
from sla.policy import load_duties
from tests.sources import enabled

__all__ = ["SHANGHAI"]
PASSWORD = "correct-horse-9"
DUTIES = load_duties(settings.BASE_DIR / "config")
HOUR = timedelta(hours=1)
_numbers = count(1)


@cache
def _hash() -> str:
    """PASSWORD as stored; hashed once, for it is made to be slow."""
    return make_password(PASSWORD)


def person(name: str, role: str = "", **more):
    """A user who may log in with PASSWORD, holding `role`."""
    user = get_user_model().objects.create(username=name, password=_hash(), **more)
    if role:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


def source(name: str, state: str = "alive", **more) -> Source:
    now = real_now()
    fields = {
        "last_ok_at": now - timedelta(minutes=3), "last_item_at": now - timedelta(minutes=12), "approved_by": "王主任",
        "legal_basis": "政务公开", "next_run_at": now + timedelta(minutes=7), **more,
    }  # fmt: skip
    url = f"https://news.example.cn/{next(_numbers)}.xml"
    if state != "off":
        return enabled(name=name, url=url, state=state, **fields)
    return Source.objects.create(name=name, kind="feed", url=url, state=state, **fields)


def engine_running() -> None:
    now = real_now()
    Lease.objects.update_or_create(
        name="engine", defaults={"holder": "tests", "pid": 1, "until": now + HOUR, "ticked_at": now}
    )


def event(title: str, grade: str | None = "重大", *, started: datetime, duties=("K1", "K2"), **more) -> Event:
    """An event first heard of at `started`, with these obligations running since then."""
    fields = {
        "type": "T04", "provisional": True, "jurisdiction": "ours", "heat": "orange", "t_first_post": started,
        "t_detected": started + timedelta(minutes=4), "t_graded": started + timedelta(minutes=4), "last_post_at": started,
        "reasons": [f"定级：493号令第三条 {grade}", "属地：提到灞桥区"],
        "owes_reason": f"{grade}事件，应在时限内发布权威信息并召开新闻发布会",
    }  # fmt: skip
    found = Event.objects.create(title=title, grade=grade, **{**fields, **more})
    for code in duties:
        obligation(found, code, started)
    return found


def obligation(event: Event, code: str, started: datetime) -> Obligation:
    duty = DUTIES.by_code(code)
    due = started + timedelta(hours=duty.hours)
    made = Obligation.objects.create(
        event=event, duty=code, rule=duty.rule(), starts_at=started, start_basis="t_first_post", due_at=due,
        original_due_at=due, created_at=started + timedelta(minutes=4),
    )  # fmt: skip
    Milestone.objects.bulk_create(
        Milestone(obligation=made, code=name, at=at) for name, at in engine.milestones(duty, due)
    )
    return made


def graded(event: Event, clause: str, quote: str, post: Post | None = None) -> Grading:
    return Grading.objects.create(
        event=event, at=event.t_detected, grade=event.grade, kind="proposed", clause=clause, edition="bureau 2026-11#1a2b3c",
        evidence=[{"quote": quote, "post_id": post.pk if post else None}],
    )  # fmt: skip


def post(event: Event | None, title: str, body: str, at: datetime, *, fold: Fold | None = None, **more) -> Post:
    """A post read into `event`; the same `fold` again makes it a copy."""
    of = Source.objects.filter(name="导入文件").first() or Source.objects.create(name="导入文件", kind="file")
    n = next(_numbers)
    fields = {"site": "华商网", "outlet": "media", "url": f"https://news.example.cn/{n}.html", **more}
    made = Post.objects.create(
        key=hashlib.sha256(str(n).encode()).hexdigest(), source=of, title=title, body=body, published_at=at,
        received_at=at + timedelta(minutes=2), unread=False, **fields,
    )  # fmt: skip
    if event is None:
        return made
    if fold is None:
        fold = Fold.objects.create(first_post=made, first_at=at, last_at=at, posts=0)
        event.folds += 1
    fold.posts += 1
    fold.save()
    Reading.objects.create(
        post=made, tier="direct", score=0.93, reasons=["提到警方"], jurisdiction="ours", type=event.type, stance="report",
        jurisdiction_reasons=["提到灞桥区"], grade=event.grade, version="rules-1", fold=fold, event=event,
    )  # fmt: skip
    event.posts += 1
    event.last_post_at = max(event.last_post_at, at)
    event.save()
    made.fold = fold
    return made


def alert(event: Event | None, kind: str, at: datetime, *, level: int = 1, cause: str = "", **more) -> Alert:
    """One step of a cause, told in the console and by two channels."""
    cause = cause or f"{kind}:{next(_numbers)}"
    roles = ("duty_officer", "shift_leader", "centre_head", "bureau_leader")
    fields = {
        "title": f"{kind} {event.title if event else ''}", "text": "首发 02:01，华商网。\n请核实并起草首发信息。",
        "escalates_at": at + timedelta(minutes=10), **more,
    }  # fmt: skip
    made = Alert.objects.create(
        key=f"{cause}:L{level}", cause=cause, kind=kind, level=level, event=event, grade=event.grade if event else None,
        raised_at=at, **fields,
    )  # fmt: skip
    for channel, address, state in (
        ("console", f"role:{roles[level - 1]}", "sent"), ("slack", "C0123", "sent"), ("webhook", "https://sms.example.cn", "failed"),
    ):  # fmt: skip
        delivery = Delivery.objects.create(
            key=f"{made.key}:{channel}:{address}", alert=made, channel=channel, address=address, body={}, state=state,
            next_try_at=at, created_at=at, receipt="L1" if state == "sent" else "L0", attempts=1,
            reason="" if state == "sent" else "对方返回 500，五次未成",
        )  # fmt: skip
        if state == "failed":
            Attempt.objects.create(delivery=delivery, n=1, started_at=at, http=500, error="HTTP 500")
    return made


def release(event: Event, *, duties=("K1",), state="draft", at: datetime, people=(), **more) -> Release:
    """A release as far along as `state`, made by `people` (drafter, reviewer, publisher)."""
    drafter, reviewer, publisher = (*people, None, None, None)[:3]
    fields = {"drafted_by": drafter, "drafted_at": at, "title": "警情通报", "body": "今晨灞桥区一厂房起火，警方已到场处置。"}
    if state != "draft":
        fields |= {"reviewed_by": reviewer, "reviewed_at": at + timedelta(minutes=5)}
    if state == "published":
        fields |= {"published_by": publisher, "published_at": at + timedelta(minutes=9), "channel": "portal"}
    return Release.objects.create(event=event, duties=list(duties), state=state, **{**fields, **more})


def scene(now: datetime) -> dict[str, object]:
    """An evening at the desk: two 重大 events, one 较大, a settled one, failing and quiet sources, all roles."""
    roles = ("duty_officer", "shift_leader", "centre_head", "bureau_leader", "analyst", "admin")
    people = {role: person(role.split("_")[0] + str(n), role) for n, role in enumerate(roles)}
    source("西安发布")
    source("华商网", last_item_at=now - timedelta(minutes=2))
    source("三秦都市报", "failing", failures=6, detail="连接超时（10 秒）", last_ok_at=now - 3 * HOUR)
    source("长安论坛", "quiet", last_item_at=now - 30 * HOUR)
    source("旧站", "off", last_ok_at=None, last_item_at=None)
    fire = event("灞桥区一厂房凌晨起火，已致 11 人死亡 6 人受伤", started=now - 4.2 * HOUR, heat="red", heat_index=812)
    fire.facts = {
        "deaths": {"low": 11, "high": 11, "quote": "已造成11人死亡"}, "injured": {"low": 6, "high": 9, "quote": "6人受伤"},
        "loss_yuan": {"low": 30_000_000, "high": None, "quote": "损失三千万元以上"}, "flags": ["public_place"],
    }  # fmt: skip
    first = post(
        fire, "灞桥一厂房起火 已致11人死亡", "今晨2时许，灞桥区某厂房发生火灾，已造成11人死亡、6人受伤。", now - 4.2 * HOUR,
        site="新浪微博", outlet="individual",
    )  # fmt: skip
    for n in range(5):
        post(fire, first.title, first.body, now - (4 - n / 10) * HOUR, fold=first.fold, is_repost=True, reposts=n * 30)
    post(fire, "", "家属：电话一直打不通，到底有没有人管？" * 3, now - 3 * HOUR, site="长安论坛", outlet="individual")
    graded(fire, "493号令第三条 重大：死亡 10 人以上 30 人以下", "已造成11人死亡", first)
    crash = event("雁塔区长安南路多车相撞", "重大", started=now - 6 * HOUR, duties=("K1", "K2"), provisional=False)
    Grading.objects.create(
        event=crash, at=now - 5 * HOUR, grade="重大", kind="confirmed", clause="人工认定", edition="bureau",
        reason="交警支队核实", by=people["shift_leader"],
    )  # fmt: skip
    post(crash, "长安南路多车相撞", "目击者称多人受伤。", now - 6 * HOUR)
    card = event("市民质疑办理身份证排队三小时", "一般", started=now - 2 * HOUR, duties=("K3",), heat="blue", type="T06")
    post(card, "办身份证排了三小时队", "窗口只开一个，这是什么效率？", now - 2 * HOUR, site="新浪微博", outlet="individual")
    done = event("未央区一小区燃气闪爆", "重大", started=now - 8 * HOUR, duties=("K1",), provisional=False)
    made = release(
        done, state="published", at=now - 5.2 * HOUR, url="https://ga.example.cn/1.html", page_hash="ab" * 32,
        people=(people["duty_officer"], people["shift_leader"], people["centre_head"]), recorded_at=now - 5 * HOUR,
    )  # fmt: skip
    done.obligations.update(settled_at=made.published_at, release=made)
    release(fire, at=now - HOUR, people=(people["duty_officer"],))
    opened = "event:fire:opened"
    alert(fire, "opened", now - 4 * HOUR, cause=opened, title=f"【重大·暂按】{fire.title}", escalated_at=now - 3.8 * HOUR)
    alert(fire, "opened", now - 3.8 * HOUR, cause=opened, level=2, title=f"值班员未确认：【重大·暂按】{fire.title}")
    alert(fire, "near", now - 0.2 * HOUR, title="发布权威信息还剩 1 小时", escalates_at=now + 0.1 * HOUR)
    alert(crash, "missed", now - HOUR, level=1, title="发布权威信息已超时限", acked_at=now - 0.9 * HOUR)
    alert(None, "source_silent", now - 2 * HOUR, title="信源静默：三秦都市报", text="连续 6 次读取失败：连接超时。")
    fire.save()
    return {**people, "fire": fire, "crash": crash, "card": card, "done": done, "first": first}
