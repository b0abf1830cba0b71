"""Text that stands only in a page's data, for a script to put into place (凤凰 allData, 头条 BASE_DATA, JSON-LD). Pure."""

from __future__ import annotations

import html
import re

from crawlers.extraction.pages import Page

_KEY = r"""["']?(?:articleBody|article_?content|content(?:_?html|_?noencode|Text)?|originContent|detail_?content|cnt_?html|html|data|body)["']?\s*[:=]\s*(?:JsDecode\()?"""
_DOUBLE = re.compile(_KEY + r'"((?:[^"\\\n]|\\.){40,200000})"')
_SINGLE = re.compile(_KEY + r"'((?:[^'\\\n]|\\.){40,200000})'")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.S)
_PLAIN = {"n": "\n", "t": "\t", "r": "", "b": "", "f": ""}
_HAN = re.compile(r"[\u4e00-\u9fff]")
ENOUGH = 40  # characters of Han that make it worth looking at
MOST = 400  # values looked at


def embedded_html(page: Page) -> str:
    """The HTML of the article as the page's scripts carry it, "" when they carry none."""
    best, most, parts = "", ENOUGH, []
    scripts = page.scripts[:2_000_000]
    for place, m in enumerate((*_DOUBLE.finditer(scripts), *_SINGLE.finditer(scripts))):
        if place >= MOST:
            break
        value = html.unescape(_ESCAPE.sub(_character, m[1])) if "&" in m[1] else _ESCAPE.sub(_character, m[1])
        count = len(_HAN.findall(value))
        if count > most:
            best, most = value, count
        if count and "contentList" in scripts[max(0, m.start() - 200) : m.start()]:
            parts.append(value)
    joined = "".join(parts)
    return joined if len(_HAN.findall(joined)) > most else best.replace("\n", "<br>") if "<" not in best else best


def _character(m: re.Match[str]) -> str:
    if code := m[1] or m[2]:
        return chr(int(code, 16))
    return _PLAIN.get(m[3], m[3])
