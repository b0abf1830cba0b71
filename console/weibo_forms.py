"""Forms of the Weibo pages: what may be set is checked by crawlers.weibo.options, the same rules as at reading."""

from __future__ import annotations

from typing import Any

from django import forms

from archive.models import Source
from console.forms import AssessedForm
from console.weibo import KINDS, USUAL
from crawlers.weibo.options import BadOption, read_options

LINES = forms.Textarea(attrs={"rows": 5})
FIELDS = {
    Source.Kind.WEIBO: ("budget",),
    Source.Kind.WEIBO_SEARCH: ("budget", "queries", "mentions_of"),
    Source.Kind.WEIBO_PUSH: ("subid",),
}


class WeiboOptionsForm(forms.Form):
    """Source.options of one kind; texts one a line."""

    budget = forms.IntegerField(
        label="每日调用额度", min_value=1, max_value=1_000_000, help_text="按微博给本应用的额度填写；当日用完即停，次日零时继续"
    )
    queries = forms.CharField(
        label="检索词", widget=LINES, required=False, max_length=10_000, help_text='每行一个；不得含 { } "'
    )
    mentions_of = forms.CharField(
        label="被提及的账号", widget=LINES, required=False, max_length=10_000, help_text="每行一个政务账号的数字 uid"
    )
    subid = forms.CharField(label="订阅编号", required=False, max_length=20, help_text="合同开通的推送订阅编号（subid）")

    def __init__(self, kind: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = Source.Kind(kind)
        for name in [name for name in self.fields if name not in FIELDS[self.kind]]:
            del self.fields[name]

    @classmethod
    def of(cls, source: Source, data: Any = None) -> WeiboOptionsForm:
        """The form of a source with what is set now."""
        given = source.options
        usual = USUAL.get(Source.Kind(source.kind), 1)
        initial = {"budget": given.get("budget", usual), "subid": given.get("subid", "")}
        for name in ("queries", "mentions_of"):
            initial[name] = "\n".join(str(text) for text in given.get(name) or [])
        return cls(source.kind, data, initial=initial)

    def options(self) -> dict[str, Any]:
        """What was typed, as options."""
        found: dict[str, Any] = {name: self.cleaned_data.get(name) for name in self.fields}
        for name in ("queries", "mentions_of"):
            if name in found:
                found[name] = [line.strip() for line in str(found[name] or "").splitlines() if line.strip()]
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                read_options(self.options(), budget=1)
            except BadOption as e:
                self.add_error(e.field if e.field in self.fields else None, str(e))
        return cleaned


class NewWeiboForm(AssessedForm):
    """A Weibo source."""

    kind = forms.ChoiceField(label="方式", choices=[(k.value, k.label) for k in KINDS])

    class Meta:
        model = Source
        fields = ["name", "kind", "home", "purpose", "legal_basis"]
        widgets = {"purpose": forms.TextInput, "legal_basis": forms.TextInput}

    def source(self) -> Source:
        """Unsaved. Individuals speak there unless an account says otherwise."""
        source: Source = self.save(commit=False)
        source.outlet, source.interval_s = Source.Outlet.INDIVIDUAL, 300  # Weibo asks for 3 to 5 minutes between readings
        return source
