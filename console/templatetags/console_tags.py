"""What templates need beyond Django: instants, icons, and the words for codes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.clock import SHANGHAI, shanghai
from console import words
from console.polling import milliseconds

register = template.Library()


@register.filter
def when(instant: datetime | None, form: str = "%m-%d %H:%M") -> SafeString | str:
    """Exact time as text, the full time in the title; console.js puts "12 分钟前" before it."""
    if instant is None:
        return "—"
    local = instant.astimezone(SHANGHAI)
    return format_html(
        '<time class="when" datetime="{}" data-ms="{}" title="{}（北京时间）">{}</time>',
        shanghai(instant),
        milliseconds(instant),
        local.strftime("%Y-%m-%d %H:%M:%S"),
        local.strftime(form),
    )


@register.filter
def exact(instant: datetime | None, form: str = "%Y-%m-%d %H:%M") -> str:
    return instant.astimezone(SHANGHAI).strftime(form) if instant else "—"


@register.filter
def span(length: timedelta | None) -> str:
    """A length in words: 提前 1 小时 20 分 / 逾期 12 分."""
    if length is None:
        return ""
    minutes = abs(int(length.total_seconds())) // 60
    hours, minutes = divmod(minutes, 60)
    text = f"{hours} 小时 {minutes} 分" if hours else f"{minutes} 分"
    return ("提前 " if length >= timedelta(0) else "逾期 ") + text


@register.filter
def iso(text: str) -> datetime | None:
    """An instant that was stored as ISO 8601 inside JSON."""
    return datetime.fromisoformat(text) if text else None


@register.filter
def pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


@register.filter
def rule_word(name: str) -> str:
    return {"body": "正文", "title": "标题", "published": "时间", "source": "来源", "author": "作者", "drop": "去掉"}.get(name, name)


@register.simple_tag
def icon(name: str, words: str = "") -> SafeString:
    """A symbol of our sprite; decoration unless `words` say what it means."""
    href = f"{static('console/icons.svg')}#{name}"
    if words:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', words, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


@register.inclusion_tag("console/parts/grade.html")
def grade(value: str | None, provisional: bool = False) -> dict[str, Any]:
    look, shape = words.GRADE_LOOKS.get(value or "", ("g0", "ring"))
    return {"grade": value, "look": look, "shape": shape, "provisional": provisional}


_TABLES = {
    "type": words.TYPES,
    "kind": words.KINDS,
    "channel": words.CHANNELS,
    "receipt": words.RECEIPTS,
    "delivery": words.DELIVERY_STATES,
    "stance": words.STANCES,
    "tier": words.TIERS,
    "heat": words.HEATS,
    "role": words.ROLES,
    "grading": words.GRADING_KINDS,
    "source": words.SOURCE_STATES,
    "reason": words.SOURCE_REASONS,
    "source_act": words.SOURCE_ACTS,
    "source_field": words.SOURCE_FIELDS,
}


@register.filter
def word(code: str | None, table: str) -> str:
    """`code|word:"type"`: its Chinese name, or the code itself when the table has none."""
    return _TABLES[table].get(code or "", code or "")


@register.filter
def level_role(level: int) -> str:
    """1 -> 值班员."""
    return words.ROLES[words.LEVEL_ROLES[level - 1]] if 1 <= level <= len(words.LEVEL_ROLES) else str(level)


@register.filter
def address(value: str) -> str:
    """A console address as people say it: role:duty_officer -> 值班员（岗位）."""
    kind, _, name = value.partition(":")
    if kind == "role":
        return f"{words.ROLES.get(name, name)}（岗位）"
    return name if kind == "user" else value


@register.filter
def ms(instant: datetime) -> int:
    return milliseconds(instant)


@register.filter
def minutes(seconds: int) -> int:
    return max(1, round(seconds / 60))


@register.filter
def weblink(url: str) -> str:
    """The address if a browser may follow it, else "": feeds and vendors' files can say javascript: too."""
    return url if url.lower().startswith(("http://", "https://")) else ""


@register.filter
def unlocal(number: float) -> str:
    """A number as pictures need it: 12.5 whatever the language of the page."""
    return f"{number:g}"
