"""What people do with sources: add, change, approve, pause; each in one transaction with its audit entry.

Refusals raise sla.engine.Unmet(error, field); nothing is written then. Who may do what is the pages' business, that
nobody approves what he asked for himself is decided here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from archive import approval
from archive.approval import Robots
from archive.models import Approval, Source
from flow import audit
from sla.engine import Unmet

State = Source.State
ASSESSED = ("purpose", "legal_basis")  # asked about, though no digest covers them
PLAIN = ("name", "outlet", "home")  # may change under the same approval


def add(source: Source, user: User, now: datetime) -> Approval:
    """Store a new source, off, and ask for its approval."""
    _assessed(source)
    with transaction.atomic():
        source.enabled, source.state = False, State.OFF
        source.save()
        asked = approval.ask(source, user.get_username(), approval.FIRST, now)
        audit.record(user.get_username(), "source.added", f"source:{source.pk}", now, approval=asked.pk)
    return asked


def change(source_id: int, values: dict[str, Any], user: User, now: datetime) -> str:
    """Write new settings; says in Chinese what must be approved again ("" = nothing: the source goes on)."""
    with transaction.atomic():
        source = _locked(source_id)
        before = _copy(source)
        for name, value in values.items():
            setattr(source, name, value)
        _assessed(source)
        fields = [n for n in values if getattr(before, n) != getattr(source, n)]
        if not fields:
            return ""
        source.save(update_fields=fields)
        why = approval.changed(before, source)
        if not why and set(fields) & set(ASSESSED):
            why = "用途或依据有变"
        if "url" in fields:  # what the old address said of itself is no news from the new one
            source.etag = source.last_modified = ""
            source.save(update_fields=["etag", "last_modified"])
        if why:
            approval.ask(source, user.get_username(), why, now)
        was = {n: _plain(getattr(before, n)) for n in fields}
        data = {n: [was[n], _plain(getattr(source, n))] for n in fields}
        audit.record(user.get_username(), "source.changed", f"source:{source_id}", now, changes=data, asked_again=why)
    return why


def ask_again(source_id: int, user: User, now: datetime) -> Approval:
    """For a source without an open question: refused once, or switched off for good and wanted back."""
    with transaction.atomic():
        source = _locked(source_id)
        _assessed(source)
        if source.approvals.filter(state=Approval.State.WAITING).exists():
            raise Unmet("已经在等待批准", "approval")
        if source.approved_at:
            raise Unmet("现有批准仍然有效", "approval")
        asked = approval.ask(source, user.get_username(), "重新提出", now)
        audit.record(user.get_username(), "source.asked", f"source:{source_id}", now, approval=asked.pk)
    return asked


def decide(
    approval_id: int, user: User, now: datetime, *, yes: bool, note: str = "", robots: Robots | None = None
) -> Approval:
    """Approve, which enables the source with exactly what was asked about, or refuse with a reason."""
    with transaction.atomic():
        asked = Approval.objects.select_for_update().filter(pk=approval_id).first()
        if asked is None or asked.state != Approval.State.WAITING:
            raise Unmet("这个申请已经办结，请刷新页面", "approval")
        if asked.asked_by == user.get_username():
            raise Unmet("提出人不能批准自己的申请，请由另一人批准", "approval")
        source = _locked(asked.source_id)
        asked.source = source
        if yes:
            _assessed(source)
            approval.give(asked, user.get_username(), now, robots, note)
        else:
            if not note.strip():
                raise Unmet("不批准须写明理由", "note")
            asked.state, asked.decided_by, asked.decided_at, asked.note = Approval.State.REFUSED, user.get_username(), now, note
            asked.save()
            approval.stop(source, "refused", f"{user.get_username()}不批准：{note}", now)
        data = {"approval": asked.pk, "robots": asked.robots_sha}
        audit.record(user.get_username(), "source.approved" if yes else "source.refused", f"source:{source.pk}", now, **data)
    return asked


def pause(source_id: int, reason: str, user: User, now: datetime) -> None:
    """Stop reading until somebody resumes; the approval stays. Pressing twice is the same as once."""
    if not reason.strip():
        raise Unmet("请写明暂停的理由", "reason")
    with transaction.atomic():
        source = _locked(source_id)
        if not source.enabled:
            return
        detail = f"{user.get_username()}暂停：{reason.strip()[:200]}"
        approval.stop(source, "paused_by_owner", detail, now)
        audit.record(user.get_username(), "source.off", f"source:{source_id}", now, reason=reason.strip()[:200])


def resume(source_id: int, user: User, now: datetime) -> None:
    """Read again, if the approval still covers what the source is."""
    with transaction.atomic():
        source = _locked(source_id)
        if source.enabled:
            return
        if why := approval.missing(source):
            raise Unmet(f"{source.name}{why}，不能启用", "approval")
        approval.start(source, now)
        audit.record(user.get_username(), "source.on", f"source:{source_id}", now)


def read_now(source_id: int, user: User, now: datetime) -> None:
    """Due at once: the engine's next beat reads it, as politely as ever."""
    with transaction.atomic():
        source = _locked(source_id)
        if not source.enabled:
            raise Unmet(f"{source.name}已停用，不能读取", "source")
        Source.objects.filter(pk=source_id).update(next_run_at=now)
        audit.record(user.get_username(), "source.read", f"source:{source_id}", now)


def _locked(source_id: int) -> Source:
    found = Source.objects.select_for_update().filter(pk=source_id).first()
    if found is None:
        raise Unmet("没有这个信源", "source")
    return found


def _assessed(source: Source) -> None:
    for name, word in (("purpose", "用途"), ("legal_basis", "依据")):
        if not getattr(source, name).strip():
            raise Unmet(f"须写明{word}（网络数据安全管理条例第十八条）", name)


def _copy(source: Source) -> Source:
    return Source(**{f.attname: getattr(source, f.attname) for f in Source._meta.concrete_fields})


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, bool, dict)) else str(value)
