"""HTML fragments to plain text: paragraphs stay lines, scripts and tags go. Pure."""

from __future__ import annotations

import re

from lxml import etree

_BLOCKS = frozenset(["p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "blockquote", "table", "ul", "ol", "pre", "hr", "dd", "dt"])
_SILENT = frozenset(("script", "style", "template", "noscript", "iframe"))
_LOOKS_MARKED_UP = re.compile(r"<[a-zA-Z/!]|&[a-zA-Z#]")


class _Text:
    """A target of lxml's parser: the standard library's takes time with the square for tags that never close."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._silent = 0

    def start(self, tag: str, attrs: object) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def end(self, tag: str) -> None:
        if tag in _SILENT and self._silent:
            self._silent -= 1
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)

    def close(self) -> str:
        return "".join(self.parts)


def plain(html: str) -> str:
    """The readable text of an HTML fragment; text without mark-up comes back as it is, only stripped."""
    if not _LOOKS_MARKED_UP.search(html):
        return html.strip()
    parser = etree.HTMLParser(target=_Text(), no_network=True)
    parser.feed(f"<body>{html}</body>")  # a fragment's first words would be lost before a block
    text = parser.close()
    lines = (re.sub(r"[ \t\r\f\u00a0\u3000]+", " ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
