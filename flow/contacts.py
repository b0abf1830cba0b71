"""Each person's own addresses are tried before the shift, by the ordinary outbox; what fails is told to 带班领导."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from alerts import messages, outbox
from alerts.channel_policy import LONGEST_ADDRESS
from alerts.escalation import Ladder, Level, Plan, Recipient, priority, recipients, rule_for, step_key
from alerts.messages import Message
from alerts.models import Alert, Contact, Delivery
from alerts.roster import duties_in, on_duty
from alerts.rota import Duty, spells
from config.clock import real_now
from flow import audit
from flow.rota import interval_text, names_of
from sla.engine import Unmet

# Channels that reach one person; the robots of the others speak to a group and have no address to choose.
PERSONAL = ("wecom_app", "webhook", "email", "slack")
PREFIX = "contact_test:"
FAILED = "contact_test_failed:"
TOLD_LEVEL = 2  # 带班领导
PATIENCE = timedelta(minutes=10)  # a test not accepted by then counts as failed (real time)
LOOK_BACK = timedelta(hours=2)  # how long after a shift has begun its failed tests are still looked for


def add(user: User, channel: str, address: str, by: User, now: datetime) -> Contact:
    """A further address of `user`. Raises Unmet naming the field."""
    address = address.strip()
    if channel not in PERSONAL:
        raise Unmet("没有这个渠道，或它只能发给群", "channel")
    if not address or len(address) > LONGEST_ADDRESS or any(c.isspace() for c in address):
        raise Unmet(f"地址须为 1 至 {LONGEST_ADDRESS} 个字符，不含空格", "address")
    if channel == "email" and "@" not in address:
        raise Unmet("请填邮箱地址，例如 duty@example.cn", "address")
    if Contact.objects.filter(user=user, channel=channel, address=address).exists():
        raise Unmet("已登记此地址", "address")
    with transaction.atomic():
        made = Contact.objects.create(user=user, channel=channel, address=address)
        audit.record(by.get_username(), "contact.added", f"contact:{made.pk}", now, user=user.pk, channel=channel)
    return made


def drop(contact: Contact, by: User, now: datetime) -> None:
    with transaction.atomic():
        audit.record(by.get_username(), "contact.removed", f"contact:{contact.pk}", now, user=contact.user_id)
        contact.delete()


def test_now(contact: Contact, by: User, ladder: Ladder, now: datetime, *, held: bool = False) -> None:
    """Send a test to this one address, on somebody's wish. Raises Unmet when its channel is not switched on."""
    if contact.channel not in ladder.channels:
        raise Unmet("该渠道未启用，测试发不出去", "channel")
    message = messages.system("联系方式测试", f"{by.get_full_name() or by.username}请求测试此联系方式，收到即可，无须处置。")
    with transaction.atomic():
        cause = f"{PREFIX}{contact.user_id}:now:{contact.pk}:{now:%Y%m%dT%H%M%S}"
        _write(_plan(cause, message, ladder.level(1), [contact], now), [contact], now, held)
        audit.record(by.get_username(), "contact.tested", f"contact:{contact.pk}", now)


def run(ladder: Ladder, now: datetime, *, held: bool) -> Counter[str]:
    """Try the addresses of everybody whose shift begins within the set time, and tell of those that do not work.

    Twice is the same as once: a test's key holds the person and the start of the shift.
    """
    if not ladder.contact_test_before or not ladder.channels or not Contact.objects.exists():
        return Counter()
    starting = _starting(ladder, now)
    counts = _test(starting, ladder, now, held)
    return counts + _tell(starting, ladder, now, held)


def _starting(ladder: Ladder, now: datetime) -> list[Duty]:
    """Spells of duty that begin soon or have just begun; one that goes on without a break is not tried again."""
    horizon = now + ladder.contact_test_before
    # From a day back, so that a spell which only goes on is not taken for a new one.
    found = spells(duties_in(now - timedelta(days=1), horizon + timedelta(seconds=1)))
    return [d for d in found if now - LOOK_BACK <= d.starts_at <= horizon]


def _test(starting: Sequence[Duty], ladder: Ladder, now: datetime, held: bool) -> Counter[str]:
    due = {_cause(d): d for d in starting if d.starts_at > now}
    done = set(Alert.objects.filter(cause__in=due).values_list("cause", flat=True))
    counts: Counter[str] = Counter()
    for cause, duty in due.items():
        contacts = [c for c in _contacts(duty.user) if c.channel in ladder.channels]
        if cause in done or not contacts:
            continue
        level = next(level for level in ladder.levels if level.role == duty.role)
        when = interval_text(duty.starts_at, duty.ends_at)
        message = messages.system(
            f"接班前测试：{level.name} {messages.moment(duty.starts_at)}",
            f"您将值{level.name}班（{when}）。收到本消息说明此联系方式可用，无须处置。收不到时将告知带班领导。",
        )
        with transaction.atomic():
            counts += _write(_plan(cause, message, level, contacts, now), contacts, now, held)
    return counts


def _contacts(user_id: int) -> list[Contact]:
    return list(Contact.objects.filter(user_id=user_id).select_related("test").order_by("id"))


def _cause(duty: Duty) -> str:
    return f"{PREFIX}{duty.user}:{duty.starts_at.astimezone(UTC):%Y%m%dT%H%MZ}"


def standing(ladder: Ladder, users: Collection[int]) -> dict[int, tuple[str, str]]:
    """User -> (good | warn | bad, what is known of their own addresses); nothing where the house uses none."""
    rows = list(Contact.objects.filter(user_id__in=users, channel__in=ladder.channels).select_related("test"))
    if not ladder.channels or not (rows or Contact.objects.exists()):
        return {}
    found = {}
    for user in users:
        mine = [c for c in rows if c.user_id == user]
        states = {c.test.state if c.test else "" for c in mine}
        if not mine:
            found[user] = ("bad", "无本人联系方式")
        elif Delivery.State.FAILED in states:
            found[user] = ("bad", "联系方式不通")
        elif states == {Delivery.State.SENT}:
            found[user] = ("good", "联系方式已测")
        else:
            found[user] = ("warn", "联系方式未测完" if states - {""} else "联系方式未测试")
    return found


def _plan(cause: str, message: Message, level: Level, contacts: Sequence[Contact], now: datetime) -> Plan:
    told = tuple(Recipient(channel=c.channel, address=c.address, user_id=c.user_id) for c in contacts)
    return Plan(
        key=step_key(cause, level.n, 1), cause=cause, kind="system", level=level.n, told="本人", title=message.title, text=message.text,
        grade=None, raised_at=now, escalates_at=None, priority=priority(None), recipients=told, wants_ack=False,
    )  # fmt: skip


def _write(plan: Plan, contacts: Sequence[Contact], now: datetime, held: bool) -> Counter[str]:
    alerts, deliveries = outbox.write([plan], now, replay=held)
    sent = {(d.channel, d.address): d for d in Delivery.objects.filter(alert__key=plan.key)}
    for contact in contacts:
        Contact.objects.filter(pk=contact.pk).update(test=sent.get((contact.channel, contact.address)))
    return Counter(alerts=alerts, deliveries=deliveries)


def _tell(starting: Sequence[Duty], ladder: Ladder, now: datetime, held: bool) -> Counter[str]:
    """带班领导 reads, once per person and shift, which addresses do not work, or that there is none at all."""
    wrong: dict[str, list[str]] = defaultdict(list)
    duties = {_cause(d): d for d in starting}
    old = real_now() - PATIENCE
    for cause, duty in duties.items():
        usable = [c for c in _contacts(duty.user) if c.channel in ladder.channels]
        if not usable:
            wrong[cause].append("没有登记任何可用渠道的本人联系方式")
        for d in Delivery.objects.filter(alert__cause=cause):
            late = d.settled_at is None and d.next_try_at is not None and d.tries.filter(started_at__lt=old).exists()
            if d.state == Delivery.State.FAILED or late:
                wrong[cause].append(f"{d.channel} {d.address}：{d.reason or '未能送出'}")
    plans = [_failure(duties[cause], lines, ladder, now) for cause, lines in wrong.items()]
    if not plans:
        return Counter()
    with transaction.atomic():
        alerts, deliveries = outbox.write(plans, now, replay=held)
    return Counter(alerts=alerts, deliveries=deliveries)


def _failure(duty: Duty, lines: Sequence[str], ladder: Ladder, now: datetime) -> Plan:
    who = names_of().get(duty.user, "?")
    here = next(level.name for level in ladder.levels if level.role == duty.role)
    leader = ladder.level(TOLD_LEVEL)
    message = messages.system(
        f"{who}的联系方式不通（{here} {messages.moment(duty.starts_at)}接班）",
        "\n".join([*lines, f"班次：{interval_text(duty.starts_at, duty.ends_at)}。请核对联系方式，或另行安排人员。"]),
    )
    cause = _cause(duty).replace(PREFIX, FAILED)
    rule = rule_for("system", None, ladder)
    delay = rule.delay_after(leader.n)
    return Plan(
        key=step_key(cause, leader.n, 1), cause=cause, kind="system", level=leader.n, told=leader.name, title=message.title,
        text=message.text, grade=None, raised_at=now, escalates_at=now + delay if delay else None,
        priority=priority(None), recipients=recipients(leader, ladder, on_duty(now)),
        wants_ack=rule.escalates, rule=rule if rule.escalates else None,
    )  # fmt: skip
