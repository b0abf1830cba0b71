"""Forms of the rota. What flow.rota refuses is shown beside the field it names."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.http import QueryDict

from alerts import rota
from alerts.escalation import Ladder
from alerts.models import Cover, Leave, Rotation, Shift
from console.forms import Moment
from flow import rota_text as words
from sla.engine import Unmet

WEEKDAYS = [(str(n), f"周{c}") for n, c in enumerate(words.WEEK, 1)]
DATE = {"type": "date"}


def people_choices(ladder: Ladder) -> list[tuple[str, str]]:
    """Everybody who may stand on a rota, by name, with the roles they hold."""
    roles = {level.role: level.name for level in ladder.levels}
    able = User.objects.filter(is_active=True, groups__name__in=roles).distinct().prefetch_related("groups")
    shown = []
    for user in able.order_by("username"):
        held = "、".join(roles[g.name] for g in user.groups.all() if g.name in roles)
        full = user.get_full_name()
        shown.append((str(user.pk), f"{full}（{user.username}，{held}）" if full else f"{user.username}（{held}）"))
    return shown


class RotaForm(forms.Form):
    """What all rows of the rota share. `values()` are the columns for flow.rota."""

    table = ""

    def __init__(self, *args: Any, ladder: Ladder, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [("", "请选择"), *people_choices(ladder)]
        self.people_shown = people[1:]
        for name, field in self.fields.items():
            if isinstance(field, forms.ChoiceField):
                if name == "role":
                    field.choices = [(level.role, level.name) for level in ladder.levels]
                elif name == "user":
                    field.choices = people
                elif name == "replaces":
                    field.choices = [("", "该岗位当时的全部人员"), *people[1:]]

    def values(self) -> dict[str, Any]:
        """Raises Unmet naming the field."""
        data = {k: v for k, v in self.cleaned_data.items() if k != "reason"}
        for name in ("user", "replaces"):
            if name in data:
                data[name] = int(data[name]) if data[name] else None
        return data


class RotationForm(RotaForm):
    table = "rotation"
    role = forms.ChoiceField(label="岗位")
    name = forms.CharField(label="名称", max_length=40, help_text="同一岗位有两组人时区分，例如 主班、副班")
    people = forms.CharField(
        label="人员（按轮换顺序）", max_length=4000, help_text="每行一人，写姓名或登录名",
        widget=forms.Textarea(attrs={"rows": 5}),
    )  # fmt: skip
    blocks = forms.CharField(
        label="班次", max_length=300, initial="08:00-20:00、20:00-08:00", help_text="多个用顿号隔开；24 小时一班写 08:00-08:00"
    )
    turn = forms.ChoiceField(label="换人", choices=list(rota.TURNS.items()))
    every = forms.IntegerField(label="几次一换", initial=1, min_value=1, max_value=60, help_text="例如每两日换人：每日换人，填 2")
    handoff = forms.TypedChoiceField(label="周换人日", choices=WEEKDAYS, coerce=int, initial="1", help_text="只用于每周换人")
    first_day = forms.DateField(label="开始日", widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))
    last_day = forms.DateField(label="结束日（含）", required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))
    weekdays = forms.MultipleChoiceField(
        label="哪几天", choices=WEEKDAYS, initial=list("1234567"), widget=forms.CheckboxSelectMultiple
    )
    days = forms.ChoiceField(label="日期类型", choices=list(rota.DAYS.items()))

    def values(self) -> dict[str, Any]:
        data = super().values()
        names = words.Names()
        data["people"] = names.ids_of(data["people"], "people")
        data["blocks"] = words.blocks_of(data["blocks"])
        data["weekdays"] = "".join(sorted(data["weekdays"]))
        return data


class CoverForm(RotaForm):
    table = "cover"
    role = forms.ChoiceField(label="岗位")
    replaces = forms.ChoiceField(label="被顶的人", required=False)
    user = forms.ChoiceField(label="顶班人")
    starts_at = Moment(label="开始", help_text="北京时间")
    ends_at = Moment(label="结束", help_text="只换这段时间，其他班次不动")


class LeaveForm(RotaForm):
    table = "leave"
    user = forms.ChoiceField(label="请假人")
    starts_at = Moment(label="开始", help_text="北京时间")
    ends_at = Moment(label="结束", help_text="其间不在任何班上，包括换班")


class ShiftForm(RotaForm):
    table = "shift"
    role = forms.ChoiceField(label="岗位")
    user = forms.ChoiceField(label="人员")
    starts_at = Moment(label="开始", help_text="北京时间")
    ends_at = Moment(label="结束", help_text="在轮值之外加一个人")


FORMS: dict[str, type[RotaForm]] = {f.table: f for f in (RotationForm, CoverForm, LeaveForm, ShiftForm)}


def initial_of(table: str, row: Rotation | Cover | Leave | Shift) -> dict[str, Any]:
    """What the form of an existing row shows."""
    if isinstance(row, Rotation):
        names = words.Names()
        shown = {f.name: getattr(row, f.name) for f in row._meta.concrete_fields}
        people = "\n".join(filter(None, map(names.shown, row.people)))
        return {**shown, "people": people, "blocks": words.blocks_text(row.blocks), "weekdays": list(row.weekdays)}
    return {f.name: f.value_from_object(row) for f in row._meta.concrete_fields}


def given(form: type[RotaForm], query: QueryDict) -> dict[str, Any]:
    """Values a link of the picture hands over: a window, a level, whom to replace."""
    found: dict[str, Any] = {}
    for name in form.base_fields:
        if value := query.get(name):
            try:
                found[name] = words.moment_of(value.replace("T", " "), name) if name.endswith("_at") else value
            except Unmet:
                continue  # a mistyped address: the field stays empty
    return found
