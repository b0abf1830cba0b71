"""A page that asks who is there, in place of what was asked for: log-in forms, captchas, refusals. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from crawlers.markup import plain

CODE = "auth_required"  # the reason a source that answers so is given (Run.code)
LONG_TEXT = 400  # a page with that much text is content, whatever box stands beside it
OWN_TEXT = 120  # of text outside forms and links: a short notice has more, a door has less
_PATH = re.compile(r"(?:^|[/._-])(?:log-?in|sign-?in|passport|sso|cas|oauth2?|denglu|captcha|verify|antispider)(?:[/._-]|$)", re.I)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.I | re.S)
# A headline may speak of log-ins; a door's title says nothing else.
_DOOR = re.compile(
    r"\W*(?:请?先?(?:用户|会员|系统|统一身份|统一|账号|帐号)?(?:登[录陆]|认证)(?:页面?|入口|中心|平台|系统)?|(?:身份|安全|访问|人机)验证|(?:sign|log) ?in|环境异常|just a moment|access denied)"
    r"(?=$|[\s_|·—–.-])",
    re.I,
)
_PASSWORD = re.compile(r"""<input\b[^>]*\btype\s*=\s*["']?password\b""", re.I)
_LOG_IN = re.compile(r"登[录陆入]|统一身份认证|用户认证|身份验证|\b(?:log|sign) ?in\b", re.I)
_WALL = re.compile(
    r"安全验证|人机验证|滑动验证|拖动滑块|请输入验证码|完成验证后|环境异常|访问验证|访问过于频繁|访问频率过高|异常访问请求|"
    r"请先登录|登录后(?:查看|继续|可见|访问)|just a moment|verify you are human|unusual traffic|access denied",
    re.I,
)
_BOXES = re.compile(r"<(form|a)\b.*?</\1\s*>", re.I | re.S)
_HIDDEN = re.compile(r"<(script|style|noscript|template)\b.*?</\1\s*>", re.I | re.S)


def wall(html: str, url: str, asked: str) -> str:
    """What stands in the way, in one Chinese sentence, or "" for a page of content.

    `url` is where the answer came from, `asked` what was requested: a redirect to a log-in path is a sign of its own.
    """
    found = _TITLE.search(html)
    title = plain(found[1])[:80] if found else ""
    moved = bool(_PATH.search(urlsplit(url).path)) and not _PATH.search(urlsplit(asked).path)
    shown = _HIDDEN.sub(" ", html[found.end() if found else 0 :])
    text = plain(shown)
    if not moved and len(plain(_BOXES.sub(" ", shown))) > OWN_TEXT and not _DOOR.match(title):
        return ""
    if len(text) > LONG_TEXT and not (moved and _PASSWORD.search(html)):
        return ""
    said = f"“{title}”" if title else urlsplit(url).path[:80]
    if _WALL.search(title) or _WALL.search(text):
        return f"返回的是验证或登录提示页 {said}，不是内容"
    if moved or (_PASSWORD.search(html) and (_LOG_IN.search(title) or _LOG_IN.search(text))):
        return f"返回的是登录页 {said}，不是内容"
    if len(title) <= 30 and _LOG_IN.search(title):
        return f"返回的是登录页 {said}，不是内容"
    return ""
