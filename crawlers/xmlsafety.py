"""A feed's XML before a forgiving parser sees it: is it sound, is it bottomless. Pure, linear in its size."""

from __future__ import annotations

from xml.parsers import expat

DEPTH_MOST, ATTRIBUTES_MOST = 200, 500


class Bottomless(ValueError):
    """Nesting or attributes no feed has; the message says which, in Chinese."""


def fault_of(text: str) -> str:
    """Where the document is not well-formed, in Chinese, "" when it is. Raises Bottomless.

    `text` declares no entities (they are cut out before), so nothing can be expanded or fetched.
    """
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH_MOST:
            raise Bottomless(f"XML 嵌套超过 {DEPTH_MOST} 层")
        if len(attributes) > ATTRIBUTES_MOST:
            raise Bottomless(f"XML 元素的属性超过 {ATTRIBUTES_MOST} 个")

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.UseForeignDTD(False)
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as e:
        return f"XML 第 {e.lineno} 行第 {e.offset} 列有误：{expat.ErrorString(e.code)}"
    return ""
