"""Forms of the page 导入: the choice of each column, templates, and the ways by which vendors hand over by themselves."""

from __future__ import annotations

from typing import Any

from django import forms

from archive.models import Source
from crawlers import folders, templates
from crawlers.columns import fold_header
from crawlers.inbound import SLUG, variable

# What the fields of crawlers/columns.py are called on the page, in the order in which they are offered.
FIELDS = {
    "headline": "标题/微博内容（微博当正文，其余当标题）",
    "title": "标题",
    "body": "正文",
    "original": "原微博内容（接在正文后）",
    "summary": "摘要（没有正文时用）",
    "url": "链接",
    "published_at": "发布时间",
    "site": "来源网站",
    "platform": "媒体类型",
    "external_id": "平台编号（唯一）",
    "loose_id": "文件内编号",
    "author": "作者（只存化名）",
    "author_id": "作者编号（只存化名）",
    "verified": "认证类型",
    "user_type": "用户类型",
    "outlet": "主体",
    "region": "地域",
    "followers": "粉丝数（只存档位）",
    "reposts": "转发数",
    "comments": "评论数",
    "likes": "点赞数",
    "reads": "阅读数",
    "repost_kind": "原创/转发",
}
DEFAULTABLE = {"platform": "媒体类型", "site": "来源网站", "outlet": "主体", "region": "地域"}
COLUMN = "column-"


class UploadForm(forms.Form):
    file = forms.FileField(label="文件", help_text="XLSX、CSV（UTF-8、GB18030）或 JSONL，最大 2 GB；先预览，确认后才导入")
    template = forms.ChoiceField(label="对照模板", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].choices = template_choices()  # type: ignore[attr-defined]


def template_choices() -> list[tuple[str, str]]:
    return [("", "自动识别表头"), *((name, name) for name in templates.names())]


def decided(data: Any, headers: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """What the preview's form says: header -> field ("" = not taken), field -> default."""
    columns = {h: data.get(f"{COLUMN}{n}", "") for n, h in enumerate(headers) if f"{COLUMN}{n}" in data}
    return columns, {field: data.get(f"default-{field}", "") for field in DEFAULTABLE}


class TemplateForm(forms.Form):
    """A template as a person reads it: each field with the headers that mean it."""

    name = forms.CharField(label="名称", max_length=60)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field, words in FIELDS.items():
            self.fields[f"of-{field}"] = forms.CharField(label=words, required=False, max_length=500)
        self.fields["ignored"] = forms.CharField(label="不采用的列", required=False, max_length=2000)
        for field, words in DEFAULTABLE.items():
            self.fields[f"default-{field}"] = forms.CharField(label=f"{words}（文件没有写明时）", required=False, max_length=60)

    @staticmethod
    def initial_of(name: str, columns: dict[str, str], defaults: dict[str, str]) -> dict[str, str]:
        said: dict[str, list[str]] = {}
        for header, field in columns.items():
            said.setdefault(f"of-{field}" if field else "ignored", []).append(header)
        return {"name": name, **{k: "、".join(v) for k, v in said.items()}, **{f"default-{f}": v for f, v in defaults.items()}}

    def said(self) -> tuple[dict[str, str], dict[str, str]]:
        """(header -> field, field -> default)."""
        data = self.cleaned_data
        columns = dict.fromkeys(_headers(data["ignored"]), "")
        for field in FIELDS:
            columns |= dict.fromkeys(_headers(data[f"of-{field}"]), field)
        return columns, {field: data[f"default-{field}"] for field in DEFAULTABLE}


def _headers(text: str) -> list[str]:
    return [fold_header(part) for part in text.replace("，", "、").replace(",", "、").split("、") if fold_header(part)]


class HandoverForm(forms.Form):
    """A vendor's push or watched folder as a source, with the assessment that must exist before it is read."""

    kind = forms.ChoiceField(label="方式", choices=[("webhook", "推送接口（签名）"), ("folder", "监看文件夹")])
    name = forms.CharField(label="名称", max_length=120)
    slug = forms.CharField(label="推送地址中的名字", required=False, max_length=40, help_text="小写字母、数字和连字符，如 qingbo；地址即 /inbound/qingbo/")
    path = forms.CharField(label="文件夹", required=False, max_length=300, help_text="数据目录 inbox/ 之下，如 inbox/qingbo；别处须由 HUIYING_WATCH_ROOTS 允许")
    mapping = forms.ChoiceField(label="对照模板", required=False)
    outlet = forms.ChoiceField(label="主体（行内没有写明时）", choices=Source.Outlet.choices, initial=Source.Outlet.INDIVIDUAL)
    purpose = forms.CharField(label="用途", max_length=300)
    legal_basis = forms.CharField(label="依据", max_length=300, help_text="合同编号、条款")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["mapping"].choices = template_choices()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if Source.objects.filter(name=data.get("name", "")).exists():
            self.add_error("name", "已有同名信源")
        if data.get("kind") == "webhook":
            self._check_slug(data.get("slug", "").strip())
        elif data.get("kind") == "folder":
            try:
                folders.place_of(Source(options={"path": data.get("path", "")}))
            except folders.FolderRefused as e:
                self.add_error("path", str(e))
        return data

    def _check_slug(self, slug: str) -> None:
        if not SLUG.fullmatch(slug):
            self.add_error("slug", "须为小写字母、数字和连字符，例如 qingbo")
        elif any(variable(s.options.get("slug", "")) == variable(slug) for s in Source.objects.filter(kind="webhook")):
            self.add_error("slug", "已有信源使用此名字")

    def source(self) -> Source:
        data = self.cleaned_data
        options = {"slug": data["slug"].strip()} if data["kind"] == "webhook" else {"path": data["path"].strip()}
        if data["mapping"]:
            options["mapping"] = data["mapping"]
        return Source(
            name=data["name"].strip(), kind=data["kind"], outlet=data["outlet"], options=options, interval_s=60,
            purpose=data["purpose"], legal_basis=data["legal_basis"],
        )  # fmt: skip
