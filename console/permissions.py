"""Who may do what: one table, read by the pages (which buttons to show) and by every POST (which acts to refuse)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import urlencode
from django_htmx.middleware import HtmxDetails

from console.words import ROLES

DUTY, LEADER, HEAD, BUREAU, JUDGE, ANALYST, LEGAL, ADMIN = (
    "duty_officer",
    "shift_leader",
    "centre_head",
    "bureau_leader",
    "judge",
    "analyst",
    "legal",
    "admin",
)
ACTS: dict[str, frozenset[str]] = {
    "acknowledge": frozenset({DUTY, LEADER, HEAD, BUREAU}),
    "close_alert": frozenset({LEADER, HEAD, BUREAU}),
    "grade": frozenset({DUTY, LEADER, HEAD}),
    # Whoever stands as second person for a downgrade (design.md §6) answers for a shift or more.
    "second_grade": frozenset({LEADER, HEAD, BUREAU}),
    "open_event": frozenset({DUTY, LEADER, HEAD}),
    "correct_clock": frozenset({DUTY, LEADER, HEAD}),
    # Which roles may exempt is the policy's word (duties.toml exempt_roles); this is who gets to the form.
    "exempt_clock": frozenset({HEAD, BUREAU}),
    "pause_clock": frozenset({LEADER, HEAD}),
    "rule_answer": frozenset({DUTY, LEADER, HEAD}),
    "close_event": frozenset({DUTY, LEADER, HEAD, BUREAU}),
    "settle_duty": frozenset({DUTY, LEADER, HEAD}),
    "regroup": frozenset({DUTY, LEADER, HEAD, JUDGE}),
    "correct_reading": frozenset({DUTY, LEADER, HEAD, JUDGE, ANALYST}),
    "draft_release": frozenset({DUTY, LEADER, HEAD, ANALYST}),
    "review_release": frozenset({LEADER, HEAD}),
    "publish_release": frozenset({DUTY, LEADER, HEAD}),
    "manage_sources": frozenset({HEAD, ADMIN}),
    # Who answers for reading it (网络数据安全管理条例第十八条); never the person who asked: flow/source_acts.py.
    "approve_source": frozenset({HEAD, BUREAU, LEGAL}),
    "see_record": frozenset({HEAD, BUREAU, LEGAL, ADMIN}),
    # A role alone opens no letter: flow/letters.py asks for the unit too.
    "letters": frozenset({"liaison"}),
    "import_files": frozenset({DUTY, LEADER, HEAD, ANALYST, ADMIN}),
    "undo_import": frozenset({LEADER, HEAD, ADMIN}),
    "manage_channels": frozenset({HEAD, ADMIN}),
    "save_topic": frozenset({DUTY, LEADER, HEAD, JUDGE, ANALYST}),
    "manage_rota": frozenset({LEADER, ADMIN}),
    "sign_handover": frozenset({DUTY, LEADER}),
}
ACT_WORDS = {
    "acknowledge": "确认告警",
    "close_alert": "关闭告警或改用现行策略",
    "grade": "确认或改定等级",
    "second_grade": "作为第二人同意降级",
    "open_event": "人工开立事件",
    "correct_clock": "更正起算时间",
    "exempt_clock": "批准免予履行",
    "pause_clock": "暂停和恢复计时",
    "rule_answer": "决定应否回应",
    "close_event": "结案和重新打开",
    "settle_duty": "登记来信、周期职责办结",
    "regroup": "合并、拆分事件",
    "correct_reading": "更正研读",
    "draft_release": "起草发布",
    "review_release": "审核发布",
    "publish_release": "登记发布",
    "manage_sources": "管理信源",
    "approve_source": "批准信源",
    "see_record": "导出处理记录",
    "letters": "阅办来信",
    "import_files": "导入文件",
    "undo_import": "撤销导入",
    "manage_channels": "设置和测试渠道",
    "save_topic": "建立和修改专题",
    "manage_rota": "编排值班表",
    "sign_handover": "签交接班",
}

# How many posts one export may hold, by role (the highest a person holds counts); 0: none.
EXPORT_MOST = {ANALYST: 200_000, JUDGE: 100_000, HEAD: 100_000, LEADER: 20_000, BUREAU: 20_000, DUTY: 5_000}


def export_most(user: Any) -> int:
    return max((EXPORT_MOST.get(role, 0) for role in roles_of(user)), default=0)


def roles_of(user: Any) -> frozenset[str]:
    """The role ids (Django groups) a person holds; asked once a request."""
    if not user.is_authenticated:
        return frozenset()
    if not hasattr(user, "held_roles"):
        user.held_roles = frozenset(user.groups.values_list("name", flat=True)) & ROLES.keys()
    return user.held_roles


def may(user: Any, act: str) -> bool:
    """By role alone: an administrator runs the machine and handles no event (nobody is above the table)."""
    return bool(user.is_active and roles_of(user) & ACTS[act])


class Rights:
    """`may.ACT` for templates."""

    def __init__(self, user: Any) -> None:
        self.user = user

    def __getitem__(self, act: str) -> bool:
        if act not in ACTS:
            raise KeyError(act)
        return may(self.user, act)


class Request(HttpRequest):
    """A request as views behind `signed_in` see it: somebody is logged in."""

    user: User
    htmx: HtmxDetails


View = Callable[..., HttpResponseBase]


def signed_in(view: View) -> View:
    """A page for people who logged in. A polling fragment gets 401 instead of a log-in page in its place."""

    @wraps(view)
    def checked(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if request.htmx:
            return HttpResponse("登录已失效，请重新登录", status=401)
        return redirect("/login/?" + urlencode({"next": request.get_full_path()}))

    return checked


def needs(act: str) -> Callable[[View], View]:
    """Refuse (403, with the act's name) whoever may not do `act`."""

    def wrap(view: View) -> View:
        @wraps(view)
        def checked(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not may(request.user, act):
                who = "、".join(ROLES[r] for r in ROLES if r in ACTS[act])
                raise PermissionDenied(f"您的角色不能{ACT_WORDS[act]}（可由{who}办理）")
            return view(request, *args, **kwargs)

        return signed_in(checked)

    return wrap
