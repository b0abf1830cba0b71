"""OPML: a list of feeds, as readers and bridges export it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

MOST = 2000  # outlines of one file
DEEP = 20


class NotOpml(ValueError):
    """The file is no OPML; the message says why, in Chinese."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """One feed of the list. `row` counts the outlines that name a feed, from 1."""

    row: int
    name: str
    url: str
    folder: str  # the headings above it, joined by " / "


def feeds_of(body: bytes) -> list[Outline]:
    """Every outline with an xmlUrl, in order. Raises NotOpml."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as e:
        raise NotOpml(f"不是可读的 OPML：{e}") from e
    body_element = root.find("body")
    if root.tag.lower() != "opml" or body_element is None:
        raise NotOpml("不是 OPML：缺少 opml 或 body 元素")
    found: list[Outline] = []
    for folder, element in _outlines(body_element, ()):
        url = (element.get("xmlUrl") or element.get("xmlurl") or "").strip()
        if url:
            name = (element.get("title") or element.get("text") or url).strip()
            found.append(Outline(row=len(found) + 1, name=name[:120], url=url, folder=" / ".join(folder)))
        if len(found) > MOST:
            raise NotOpml(f"超过 {MOST} 个订阅源，请分成几个文件")
    return found


def _outlines(parent: Element, folder: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Element]]:
    if len(folder) > DEEP:
        raise NotOpml(f"目录嵌套超过 {DEEP} 层")
    for element in parent.findall("outline"):
        yield folder, element
        own = (element.get("title") or element.get("text") or "").strip()
        yield from _outlines(element, (*folder, own) if own else (*folder, "…"))
