"""All gold pages: every layout with several reports, in the encodings it was served in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from bench.gold import local, platforms, portals, press
from bench.gold.chrome import Chrome
from bench.gold.stories import TRADITIONAL, Story, at

Layout = Callable[[Story, Chrome], str]
EACH = 3  # reports per layout
# (layout, bytes are in, what the server says; "" = nothing)
LAYOUTS: tuple[tuple[Layout, str, str], ...] = (
    (portals.sina_2009, "gb18030", ""), (portals.sina_2019, "utf-8", ""), (portals.netease_2010, "gb18030", ""), (portals.netease_2019, "utf-8", ""),
    (portals.sohu_2012, "gb18030", ""), (portals.sohu_2018, "utf-8", ""), (portals.qq_2011, "gb18030", ""), (portals.qq_2019, "utf-8", ""),
    (portals.ifeng_2013, "utf-8", ""), (portals.ifeng_2019, "utf-8", ""), (portals.ifeng_data, "utf-8", ""), (portals.portal_spam, "utf-8", ""),
    (press.people_2010, "gb18030", "text/html"), (press.people_2019, "gb18030", ""), (press.xinhua_2012, "utf-8", ""), (press.xinhua_2019, "utf-8", ""),
    (press.cctv_2010, "gb18030", ""), (press.cctv_2018, "utf-8", ""), (press.gmw_2015, "utf-8", ""), (press.chinadaily_2014, "utf-8", ""),
    (press.chinanews_2011, "gb18030", "text/html; charset=utf-8"), (press.provincial_daily, "utf-8", ""), (press.big5_daily, "big5", ""),
    (platforms.wechat_ct, "utf-8", ""), (platforms.wechat_2021, "utf-8", ""), (platforms.toutiao, "utf-8", ""), (platforms.baijiahao, "utf-8", ""),
    (platforms.thepaper_2019, "utf-8", ""), (platforms.thepaper_2022, "utf-8", ""), (platforms.guancha, "utf-8", ""), (platforms.json_ld_only, "utf-8", ""),
    (platforms.mobile_folded, "utf-8", ""),
    (local.gov_notice, "utf-8", ""), (local.gov_vsb, "utf-8", ""), (local.old_tables, "gb18030", ""), (local.discuz_portal, "gb18030", ""),
    (local.dedecms, "gb18030", "text/html; charset=iso-8859-1"), (local.wordpress, "utf-8", ""), (local.bare, "utf-8", ""), (local.long_comments, "utf-8", ""),
    (local.short_and_loud, "utf-8", ""), (local.boxed_story, "utf-8", ""), (local.with_table, "utf-8", ""),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class GoldPage:
    """One page as it comes from the wire, and what is right."""

    name: str
    body: bytes
    content_type: str
    title: str
    published: datetime
    paragraphs: tuple[str, ...]


@cache
def gold_pages() -> tuple[GoldPage, ...]:
    return tuple(_pages())


def _pages() -> Iterator[GoldPage]:
    for place, (layout, encoding, served) in enumerate(LAYOUTS):
        for turn in range(EACH):
            number = place * EACH + turn
            story = TRADITIONAL.dated(at(number).at) if layout is press.big5_daily else at(place + turn * 5)
            story = story.dated(at(number).at)
            paragraphs = story.paragraphs
            if layout is local.with_table:
                paragraphs += tuple("\t".join(row) for row in local.TABLE)
            yield GoldPage(
                name=f"{layout.__name__}_{turn + 1}",
                # Characters a legacy encoding lacks are written as references, as editors of that time did.
                body=layout(story, Chrome(number)).encode(encoding, "xmlcharrefreplace"),
                content_type=served,
                title=story.title,
                published=story.at.replace(second=0),
                paragraphs=paragraphs,
            )


