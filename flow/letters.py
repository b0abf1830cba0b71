"""来信: received, handed to a unit, signed for or sent back, closed. Kept apart from all that is publicly said.

Only 办公室 and the unit a letter was handed to read it; every read and every act is audited by number, never by text.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from analysis.models import Unit
from archive.privacy import mask_letter, mask_name
from flow import audit, subjects
from flow.models import Letter, LetterHandover
from flow.policy import Policy
from sla.engine import Unmet
from sla.models import Obligation

LONGEST = 20_000  # characters of one letter
State = Letter.State
# The words that say what a letter is, the gravest first; a guess, until the office says so.
_SAID = (
    (Letter.Kind.REPORT, ("举报", "检举", "揭发", "涉黑", "赌博", "吸毒", "卖淫", "诈骗窝点")),
    (Letter.Kind.COMPLAINT, ("投诉", "不作为", "乱作为", "态度", "推诿", "拒不", "不受理", "不立案", "维权", "要求处理", "不满")),
    (Letter.Kind.SUGGESTION, ("建议", "希望能", "提议", "改进", "意见")),
)


def receive(
    channel: str, text: str, received_at: datetime, policy: Policy, now: datetime, *, kind: str = "", title: str = "",
    writer: str = "", external_no: str = "", by: str = "engine",
) -> tuple[Letter, bool]:  # fmt: skip
    """Store one letter, masked, and open its clocks from `received_at`; (the letter, whether it is new).

    `channel` and `kind` are values of Letter.Channel and Letter.Kind; a kind not said is guessed from the words.
    `external_no` is how the channel numbers it (a message's id): the same number, or without one the same words at
    the same instant, are the same letter. `by`: a log-in name, or the source. Raises sla.engine.Unmet with the field.
    """
    masked, shown = mask_letter(_plain(text), writer), mask_letter(_plain(title), writer)[:200]
    _check(channel, kind, masked, received_at, now)
    petition = channel != Letter.Channel.MAILBOX
    key = _key(channel, external_no.strip(), masked, received_at)
    known = Letter.objects.filter(key=key).first()
    if known:
        return known, False
    try:
        with transaction.atomic():
            letter = Letter.objects.create(
                key=key, channel=channel, kind=kind or guessed(shown + masked), kind_guessed=not kind, title=shown,
                external_no=external_no.strip()[:80], writer=mask_name(writer)[:20], text=masked, petition=petition,
                received_at=received_at, entered_at=now, entered_by=by[:150],
            )  # fmt: skip
            audit.record(by[:150], "letter.received", _of(letter), now, channel=channel)
            _open_clocks(letter, policy, now, by[:150])
    except IntegrityError:
        return Letter.objects.get(key=key), False  # another process was first
    return letter, True


def guessed(text: str) -> str:
    """What the words say the letter is; 咨询 when they say nothing else."""
    return next((kind for kind, words in _SAID if any(word in text for word in words)), Letter.Kind.INQUIRY)


def office() -> Unit | None:
    """The unit that receives letters: the one HUIYING_OFFICE_UNIT names, else the only department called …办公室."""
    if settings.OFFICE_UNIT:
        return Unit.objects.filter(name=settings.OFFICE_UNIT).first()
    found = Unit.objects.filter(kind="department", name__endswith="办公室")[:2]
    return found[0] if len(found) == 1 else None


def readable(unit: Unit | None) -> QuerySet[Letter]:
    """The letters that people of `unit` may read: all for 办公室, else those it holds (not sent back)."""
    if unit is None:
        return Letter.objects.none()
    if unit == office():
        return Letter.objects.all()
    held = LetterHandover.objects.filter(unit=unit, objected_at=None)
    return Letter.objects.filter(id__in=held.values("letter_id"))


def read(letter_id: int, unit: Unit | None, user: User, now: datetime) -> Letter | None:
    """The letter, and an audit entry that it was read; None where these people may not (refusals are audited too)."""
    letter = readable(unit).filter(pk=letter_id).first()
    action = "letter.read" if letter else "letter.read_refused"
    audit.record(user.get_username(), action, f"letter:{letter_id}", now, unit=unit.pk if unit else None)
    return letter


def clocks_of(letter: Letter) -> QuerySet[Obligation]:
    """Its obligations, and those of its hand-overs; current revisions, soonest first."""
    mine = Q(subject=_of(letter)) | Q(subject__startswith=_of(letter) + "/")
    return Obligation.objects.filter(mine, superseded_at=None).order_by("due_at", "id")


def hand_over(letter_id: int, unit: Unit, note: str, policy: Policy, user: User, now: datetime) -> LetterHandover:
    """Give it to a unit; from now on they read it too, and have five working days to say that it is not theirs."""
    with transaction.atomic():
        letter = _locked(letter_id)
        if letter.state in (State.HANDED, State.ACCEPTED):
            raise Unmet("来信已在另一单位手中；须由该单位退回后再转", "unit")
        if unit == office():
            raise Unmet("来信已在办公室", "unit")
        made = LetterHandover.objects.create(letter=letter, unit=unit, at=now, by=user.get_username(), note=note.strip()[:300])
        _become(letter, State.HANDED)
        audit.record(user.get_username(), "letter.handed", _of(letter), now, unit=unit.pk)
        subjects.open_obligation(_of_handover(made), f"{letter}转{unit.name}", "K5-object", now, policy, now, user.get_username())
    return made


def accept(letter_id: int, unit: Unit | None, user: User, now: datetime) -> None:
    """The unit signs for it: it is theirs to answer."""
    with transaction.atomic():
        letter = _locked(letter_id)
        held = _waiting(letter, unit)
        held.accepted_at, held.accepted_by = now, user.get_username()
        held.save(update_fields=["accepted_at", "accepted_by"])
        _become(letter, State.ACCEPTED)
        audit.record(user.get_username(), "letter.accepted", _of(letter), now, unit=held.unit_id)
        _settle(_of_handover(held), "K5-object", f"{held.unit.name}已签收", user, now)


def object_to(letter_id: int, unit: Unit | None, reason: str, user: User, now: datetime) -> None:
    """Wrong addressee: the unit says so with its reason, and the letter is 办公室's again."""
    if not reason.strip():
        raise Unmet("请写明理由和应由哪个单位办理", "reason")
    with transaction.atomic():
        letter = _locked(letter_id)
        held = _waiting(letter, unit)
        held.objected_at, held.objected_by, held.objection = now, user.get_username(), mask_letter(reason.strip())[:300]
        held.save(update_fields=["objected_at", "objected_by", "objection"])
        _become(letter, State.OBJECTED)
        audit.record(user.get_username(), "letter.objected", _of(letter), now, unit=held.unit_id)
        _settle(_of_handover(held), "K5-object", f"{held.unit.name}提出异议", user, now)


def settle(letter_id: int, code: str, note: str, user: User, now: datetime) -> None:
    """One of its duties is done, as the document's number says; when nothing is left the letter is closed."""
    with transaction.atomic():
        letter = _locked(letter_id)
        subjects.settle(_of(letter), code, mask_letter(note), now, user, now)
        answered = code in ("K5-close", "K5b")
        if answered:  # an answer tells the receipt too
            _settle(_of(letter), "K5", f"已答复：{note.strip()}"[:500], user, now)
            _close(letter, user, now)


def forward_outside(letter_id: int, whom: str, user: User, now: datetime) -> None:
    """Not a matter of the police at all: sent on to who is competent, and the writer is told so."""
    if not whom.strip():
        raise Unmet("请写明转送的机关和告知来信人的方式", "whom")
    with transaction.atomic():
        letter = _locked(letter_id)
        for ob in clocks_of(letter).filter(settled_at=None, exempt_reason=""):
            _settle(ob.subject, ob.duty, f"不属公安机关职权，转送：{mask_letter(whom.strip())[:200]}", user, now)
        audit.record(user.get_username(), "letter.forwarded", _of(letter), now)
        _close(letter, user, now)


def classify(letter_id: int, kind: str, petition: bool, policy: Policy, user: User, now: datetime) -> None:
    """What it is, by a person. A mailbox letter that turns out to be a petition owes the petition's clocks too."""
    if kind not in Letter.Kind.values:
        raise Unmet("类型须为投诉、建议、举报或咨询", "kind")
    with transaction.atomic():
        letter = _locked(letter_id)
        if letter.petition and not petition:
            raise Unmet("信访时限已经起算，不能改为普通来信", "petition")
        letter.kind, letter.kind_guessed, letter.petition = kind, False, petition
        letter.save(update_fields=["kind", "kind_guessed", "petition"])
        audit.record(user.get_username(), "letter.classified", _of(letter), now, kind=kind, petition=petition)
        _open_clocks(letter, policy, now, user.get_username())


def _open_clocks(letter: Letter, policy: Policy, now: datetime, by: str) -> None:
    """From the receipt on: a petition is told of within 15 days and closed within 60, an ordinary letter answered (K5b)."""
    for code in ("K5", "K5-close") if letter.petition else ("K5b",):
        subjects.open_obligation(_of(letter), str(letter), code, letter.received_at, policy, now, by)


def _check(channel: str, kind: str, masked: str, received_at: datetime, now: datetime) -> None:
    if channel not in Letter.Channel.values:
        raise Unmet(f"渠道须为{'、'.join(Letter.Channel.labels)}之一", "channel")
    if kind and kind not in Letter.Kind.values:
        raise Unmet(f"类型须为{'、'.join(Letter.Kind.labels)}之一", "kind")
    if not masked:
        raise Unmet("没有内容", "text")
    if len(masked) > LONGEST:
        raise Unmet(f"内容超过 {LONGEST} 字", "text")
    if received_at > now:
        raise Unmet("收到时间晚于当前时间", "received_at")


def _plain(text: str) -> str:
    return "".join(c for c in text if c in "\n\t" or c >= " ").encode("utf-8", "ignore").decode().strip()


def _key(channel: str, number: str, masked: str, received_at: datetime) -> str:
    said = number if number else f"{received_at.timestamp()}\0{masked}"
    return hashlib.sha256(f"{channel}\0{bool(number)}\0{said}".encode()).hexdigest()


def _of(letter: Letter) -> str:
    return f"letter:{letter.pk}"


def _of_handover(handover: LetterHandover) -> str:
    return f"letter:{handover.letter_id}/{handover.pk}"


def _locked(letter_id: int) -> Letter:
    letter = Letter.objects.select_for_update().filter(pk=letter_id).first()
    if letter is None:
        raise Unmet(f"没有编号为 {letter_id} 的来信", "letter")
    if letter.state == State.CLOSED:
        raise Unmet("来信已办结", "letter")
    return letter


def _waiting(letter: Letter, unit: Unit | None) -> LetterHandover:
    held = letter.handovers.filter(unit=unit, accepted_at=None, objected_at=None).select_related("unit").first()
    if held is None:
        raise Unmet("这封来信没有等待本单位签收的转办", "unit")
    return held


def _become(letter: Letter, state: Letter.State) -> None:
    letter.state = state
    letter.save(update_fields=["state"])


def _close(letter: Letter, user: User, now: datetime) -> None:
    letter.state, letter.closed_at = State.CLOSED, now
    letter.save(update_fields=["state", "closed_at"])
    audit.record(user.get_username(), "letter.closed", _of(letter), now)


def _settle(subject: str, code: str, note: str, user: User, now: datetime) -> None:
    """Settle it unless it is settled already."""
    if Obligation.objects.filter(subject=subject, duty=code, superseded_at=None, settled_at=None, exempt_reason="").exists():
        subjects.settle(subject, code, note, now, user, now)
