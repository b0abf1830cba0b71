"""HTML fragments to plain text: paragraphs stay lines, scripts and tags go. Pure."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(["p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "blockquote", "table", "ul", "ol", "pre", "hr", "dd", "dt"])
_SILENT = frozenset(("script", "style", "template", "noscript", "iframe"))
_LOOKS_MARKED_UP = re.compile(r"<[a-zA-Z/!]|&[a-zA-Z#]")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self._silent:
            self._silent -= 1
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def plain(html: str) -> str:
    """The readable text of an HTML fragment; text without mark-up comes back as it is, only stripped."""
    if not _LOOKS_MARKED_UP.search(html):
        return html.strip()
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = (re.sub(r"[ \t\r\f\u00a0\u3000]+", " ", line).strip() for line in "".join(parser.parts).split("\n"))
    return "\n".join(line for line in lines if line)
