"""Forms of the WeChat pages. Which articles' comments are read is checked by the same rules as at reading."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from archive.models import Source
from console.forms import AssessedForm
from crawlers.variables import PREFIX
from crawlers.wechat.account import USUAL
from crawlers.wechat.answers import Asked, asked_of

MOST = 50
INTERVAL_S = 600
_PARTS = re.compile(r"[\s,，]+")


class NewWechatForm(AssessedForm):
    """An account of the bureau's own."""

    variables = forms.CharField(
        label="环境变量前缀", max_length=48, initial=USUAL, help_text="第二个公众号另用一个前缀，例如 HUIYING_WECHAT2；密钥只放在环境变量里"
    )

    class Meta:
        model = Source
        fields = ["name", "home", "purpose", "legal_basis"]
        widgets = {"purpose": forms.TextInput, "legal_basis": forms.TextInput}

    def clean_variables(self) -> str:
        prefix: str = self.cleaned_data["variables"].strip()
        if not PREFIX.fullmatch(prefix):
            raise forms.ValidationError("须以 HUIYING_ 开头，只用大写字母、数字和下划线")
        return prefix

    def source(self) -> Source:
        """Unsaved: a publication channel of the bureau's own, read every ten minutes."""
        source: Source = self.save(commit=False)
        source.kind, source.outlet, source.interval_s = Source.Kind.WECHAT, Source.Outlet.OWN, INTERVAL_S
        source.options = {"variables": self.cleaned_data["variables"]}
        return source


class CommentsForm(forms.Form):
    """The articles whose comments are read, one a line: msg_data_id, place, address, title."""

    comments = forms.CharField(
        label="读取留言的文章", required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text="每行一篇：msg_data_id 序号 链接 标题（后三项可省；序号从 0 起）。msg_data_id 在群发接口的回复中，微信不在别处提供",
    )  # fmt: skip

    @classmethod
    def of(cls, source: Source) -> CommentsForm:
        try:
            asked = asked_of(source.options)
        except ValueError:
            asked = ()
        return cls(initial={"comments": "\n".join(_line(a) for a in asked)})

    def clean_comments(self) -> list[dict[str, Any]]:
        lines = [line.strip() for line in self.cleaned_data["comments"].splitlines() if line.strip()]
        if len(lines) > MOST:
            raise forms.ValidationError(f"最多 {MOST} 篇，现有 {len(lines)} 篇；较早的文章可以去掉")
        entries = [_entry(line) for line in lines]
        try:
            asked = asked_of({"comments": entries})
        except ValueError as e:
            raise forms.ValidationError(str(e).removeprefix("options.comments ")) from e
        return [{"msg_data_id": a.msg_data_id, "index": a.index, "url": a.url, "title": a.title} for a in asked]


def _line(asked: Asked) -> str:
    return " ".join(part for part in (str(asked.msg_data_id), str(asked.index), asked.url, asked.title) if part)


def _entry(line: str) -> dict[str, Any]:
    number, *rest = _PARTS.split(line, maxsplit=3)
    index = rest.pop(0) if rest and rest[0].isdigit() else "0"
    url = rest.pop(0) if rest and rest[0].startswith(("http://", "https://")) else ""
    return {"msg_data_id": number, "index": index, "url": url, "title": " ".join(rest)}
