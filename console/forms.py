"""Forms of the console. What the acts refuse (sla.engine.Unmet) is shown beside the field it names."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest

from archive.models import SavedSearch, Source
from config.clock import SHANGHAI
from console.asking import words
from console.permissions import may
from console.words import TIERS, TYPES
from crawlers.addresses import AddressRefused, check_url
from flow import topics
from flow.topic_acts import MOST_PER_DAY, Wish
from sla.engine import GRADES, Unmet
from sla.models import Appearance, Release

GRADE_CHOICES = [(g, g) for g in GRADES]
PAGE_BYTES = 20 * 1024 * 1024


class Moment(forms.DateTimeField):
    """An instant as a person in the office types it: Beijing time, to the minute."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(SHANGHAI).replace(tzinfo=None)
        return value


def refuse(form: forms.BaseForm, unmet: Unmet, **fields: str) -> None:
    """Put a refusal beside its field; `fields` maps the act's name of a field to the form's."""
    name = fields.get(unmet.field, unmet.field)
    form.add_error(name if name in form.fields else None, str(unmet))


class GradeForm(forms.Form):
    grade = forms.ChoiceField(label="等级", choices=GRADE_CHOICES)
    reason = forms.CharField(label="理由", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    second = forms.CharField(label="第二人登录名", required=False, max_length=150)
    second_password = forms.CharField(
        label="第二人密码",
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def second_person(self, request: HttpRequest) -> Any:
        """The second person, who signs with their own password; None when nobody was named. Raises Unmet."""
        name, password = self.cleaned_data["second"].strip(), self.cleaned_data["second_password"]
        if not name:
            return None
        user = authenticate(request, username=name, password=password)
        if user is None:
            raise Unmet("第二人的登录名或密码不对", "second_password")
        if not may(user, "second_grade"):
            raise Unmet("第二人须是带班领导、新闻中心主任或局领导", "second")
        return user


class RegroupForm(forms.Form):
    what = forms.ChoiceField(
        label="怎样调整", choices=[("merge", "把另一事件并入本事件"), ("split", "拆出信息另立事件"), ("move", "把信息移到另一事件")]
    )
    other = forms.IntegerField(label="另一事件的编号", required=False, min_value=1)
    posts = forms.CharField(label="信息编号", required=False, max_length=2000, help_text="拆分、移动时填写，以逗号或空格隔开")
    title = forms.CharField(label="新事件名称", required=False, max_length=200)
    reason = forms.CharField(label="理由", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    def clean_posts(self) -> list[int]:
        parts = re.split(r"[,，、\s]+", self.cleaned_data["posts"].strip())
        if any((part and not part.isascii()) or (part and not part.isdigit()) for part in parts):
            raise forms.ValidationError("信息编号只能是数字")
        return [int(part) for part in parts if part]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("what") in ("merge", "move") and not data.get("other"):
            self.add_error("other", "请填写另一事件的编号")
        return data


class CorrectionForm(forms.Form):
    tier = forms.ChoiceField(label="相关性", choices=list(TIERS.items()))
    type = forms.ChoiceField(
        label="类型", choices=[("", "（无关，不分类）"), *((k, f"{k} {v}") for k, v in TYPES.items())], required=False
    )
    reason = forms.CharField(label="理由", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class EventForm(forms.Form):
    title = forms.CharField(label="名称", max_length=200, widget=forms.TextInput(attrs={"autofocus": True}))
    at = Moment(label="发生时间", help_text="时限由此起算（北京时间）")
    type = forms.ChoiceField(label="类型", choices=[(k, f"{k} {v}") for k, v in TYPES.items()], initial="T04")
    grade = forms.ChoiceField(label="等级", choices=[*GRADE_CHOICES, ("", "暂不定级")], required=False)
    knowledge = forms.CharField(
        label="从何得知", max_length=500, help_text="例如：110 指挥中心 02:10 电话通报", widget=forms.Textarea(attrs={"rows": 2})
    )


class DraftForm(forms.Form):
    duties = forms.MultipleChoiceField(
        label="履行的职责", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="一份发布只办结所勾选的职责；都不勾选即为续报，不停任何计时",
    )  # fmt: skip
    title = forms.CharField(label="标题", max_length=200)
    body = forms.CharField(label="正文", max_length=20000, widget=forms.Textarea(attrs={"rows": 9}))

    def __init__(self, *args: Any, duties: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["duties"].choices = duties  # type: ignore[attr-defined]


class PublishForm(forms.Form):
    channel = forms.ChoiceField(label="渠道", choices=Release.Channel.choices)
    url = forms.URLField(label="链接", required=False, max_length=1000, assume_scheme="https")
    published_at = Moment(label="实际发布时间", help_text="北京时间；时限按此刻办结")
    page = forms.FileField(label="已发布页面的文件", required=False, help_text="网页另存或截图；其指纹是公开的证据")
    place = forms.CharField(label="地点（发布会）", required=False, max_length=200)
    speaker = forms.CharField(label="发言人（发布会）", required=False, max_length=100)
    attendees = forms.IntegerField(label="到场人数（发布会）", required=False, min_value=1, max_value=100000)
    unit = forms.CharField(label="发言人单位（发布会）", required=False, max_length=60, help_text="填写后计入该单位出席发布会的次数")
    post = forms.ChoiceField(label="发言人职务（发布会）", required=False, choices=[("", "不计入"), *Appearance.Post.choices])
    issuer = forms.CharField(
        label="由其他机关发布", required=False, max_length=100, help_text="依法由其发布的，写机关名称；证据要求相同"
    )

    def clean_page(self) -> Any:
        page = self.cleaned_data["page"]
        if page and page.size > PAGE_BYTES:
            raise forms.ValidationError("文件超过 20 MB；请存为截图或单个网页文件")
        return page


class EventFilter(forms.Form):
    """Filters of the list of events; all of them live in the address."""

    STATES = [("open", "未结"), ("closed", "已结"), ("", "全部")]
    CLOCKS = [("", "不限"), ("running", "计时中"), ("missed", "已超时"), ("met", "已履行")]
    SORTS = [("", "最近信息"), ("due", "剩余时间"), ("heat", "热度"), ("opened", "新发现")]
    q = forms.CharField(label="名称含", required=False, max_length=60)
    grade = forms.ChoiceField(label="等级", required=False, choices=[("", "不限"), *GRADE_CHOICES, ("none", "未定级")])
    clock = forms.ChoiceField(label="计时", required=False, choices=CLOCKS)
    type = forms.ChoiceField(label="类型", required=False, choices=[("", "不限"), *TYPES.items()])
    place = forms.ChoiceField(
        label="属地", required=False, choices=[("", "本地及不明"), ("ours", "本地"), ("unknown", "不明"), ("elsewhere", "外地"), ("all", "全部")]
    )
    state = forms.ChoiceField(label="状态", required=False, choices=STATES)
    provisional = forms.BooleanField(label="只看暂按", required=False)
    sort = forms.ChoiceField(label="排序", required=False, choices=SORTS)


class LedgerFilter(forms.Form):
    state = forms.ChoiceField(label="状态", required=False, choices=[("", "不限"), *Release.State.choices])
    channel = forms.ChoiceField(label="渠道", required=False, choices=[("", "不限"), *Release.Channel.choices])
    since = forms.DateField(label="自", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="至", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def instants(self) -> tuple[datetime | None, datetime | None]:
        """[since 00:00, the day after until 00:00) in Beijing time."""
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        midnight = datetime.min.time()
        start = datetime.combine(since, midnight, SHANGHAI) if since else None
        end = datetime.combine(until, midnight, SHANGHAI) + timedelta(days=1) if until else None
        return start, end


class AssessedForm(forms.ModelForm):
    """A source with the assessment that must exist before it is read (sources.md §6)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("purpose", "legal_basis"):
            self.fields[name].required = True


class SourceForm(AssessedForm):
    """A feed added by hand."""

    url = forms.URLField(label="地址", max_length=1000, assume_scheme="https")
    interval_min = forms.IntegerField(label="每隔几分钟读一次", initial=10, min_value=1, max_value=24 * 60)

    class Meta:
        model = Source
        fields = ["name", "url", "outlet", "home", "purpose", "legal_basis"]
        widgets = {"purpose": forms.TextInput, "legal_basis": forms.TextInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.instance.url:  # a kind that is not read at an address
            self.fields["url"].required = False

    def clean_url(self) -> str:
        """Refused here by what the address says; what its name resolves to is checked at each reading."""
        url = self.cleaned_data["url"]
        if not url:
            return ""
        try:
            check_url(url, allow_private=settings.ALLOW_PRIVATE_SOURCES)
        except AddressRefused as e:
            raise forms.ValidationError(str(e)) from e
        if Source.objects.filter(url=url).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("已有信源使用此地址")
        return url

    def source(self) -> Source:
        """Unsaved: a feed."""
        source: Source = self.save(commit=False)
        source.kind, source.interval_s = Source.Kind.FEED, self.cleaned_data["interval_min"] * 60
        return source


class TopicForm(forms.Form):
    """A topic, by groups of words or in the search language: what the groups say is written as a query."""

    WORDS = forms.TextInput(attrs={"placeholder": "词之间用空格或顿号", "autocomplete": "off"})
    name = forms.CharField(label="名称", max_length=60, widget=forms.TextInput(attrs={"autofocus": True}))
    any1 = forms.CharField(label="要有其中一个", required=False, max_length=1000, widget=WORDS)
    any2 = forms.CharField(label="并且要有其中一个", required=False, max_length=1000, widget=WORDS)
    any3 = forms.CharField(label="并且还要有其中一个", required=False, max_length=1000, widget=WORDS)
    without = forms.CharField(label="不能有", required=False, max_length=1000, widget=WORDS)
    query = forms.CharField(
        label="检索式", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="上面填了词，就按词写成检索式；要更细的条件，把上面留空，直接写在这里",
    )  # fmt: skip
    alerting = forms.BooleanField(label="命中即告知", required=False)
    tells = forms.ChoiceField(label="告知", choices=SavedSearch.Tells.choices, initial="owner")
    most_per_day = forms.IntegerField(
        label="每日上限（条）", min_value=1, max_value=MOST_PER_DAY, initial=30, help_text="超出的只记入专题，不再告知，并说明有几条"
    )
    raises = forms.ChoiceField(label="命中视为", required=False, choices=SavedSearch.Raises.choices)
    names_type = forms.ChoiceField(
        label="命中归为", required=False, choices=[("", "不改变"), *((k, f"{k} {v}") for k, v in TYPES.items())]
    )
    shared = forms.BooleanField(label="共享给同事", required=False, initial=True)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        groups = [words(data.get(name, "")) for name in ("any1", "any2", "any3")]
        without = words(data.get("without", ""))
        if any(groups):
            data["query"] = topics.grouped(groups, without)
        elif without:
            self.add_error("without", "只有“不能有”会命中几乎所有信息：请至少填一组要有的词")
        elif not data.get("query", "").strip():
            self.add_error("any1", "请填要有的词，或直接写检索式")
        return data

    def wish(self) -> Wish:
        return Wish(**{name: self.cleaned_data[name] for name in Wish.__dataclass_fields__})
