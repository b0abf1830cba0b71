"""Pages of a made-up city's news site: lists, articles, log-ins."""

from __future__ import annotations

from collections.abc import Sequence

NAV = '<div class="nav"><ul><li><a href="/">首页</a></li><li><a href="/zw/">政务公开</a></li><li><a href="/hd/">互动交流</a></li><li><a href="/fw/">办事服务</a></li></ul></div>'


def row(n: int, *, title: str = "", when: str = "2026-11-24 10:05", href: str = "") -> str:
    """One entry of a list, its headline cut as such lists do, whole in the title attribute."""
    title = title or f"某市警方通报第{n}起交通事故的处置情况"
    return f'<li><span>{when}</span><a href="{href or f"./202611/t20261124_{1000 + n}.html"}" title="{title}">{title[:8]}…</a></li>'


def list_page(rows: Sequence[str], *, next_href: str = "", feed: str = "") -> str:
    link = f'<link rel="alternate" type="application/rss+xml" title="要闻" href="{feed}">' if feed else ""
    more = f'<div class="page"><a href="{next_href}">下一页</a></div>' if next_href else ""
    return (
        f'<html><head><meta charset="utf-8"><title>要闻_某市公安局</title>{link}</head><body>{NAV}'
        f'<div class="main"><ul class="news-list">{"".join(rows)}</ul>{more}</div></body></html>'
    )


PARAGRAPHS = (
    "11月24日上午8时许，某市长安街与人民路交叉口发生一起两车相撞的交通事故，造成3人受伤，均已送医救治。",
    "接报后，交警部门迅速到达现场，疏导交通，并对事故现场进行了勘查。目前，道路通行已经恢复，事故原因正在进一步调查。",
    "警方提醒广大驾驶人，雨天路滑，请减速慢行，保持安全车距，不要疲劳驾驶。如有目击者，请与办案单位联系提供线索。",
)


def article(
    title: str,
    *,
    when: str = "2026-11-24 10:05",
    source: str = "某市日报",
    paragraphs: Sequence[str] = PARAGRAPHS,
    more: str = "",
    head: str = "",
) -> str:
    body = "".join(f"<p>{p}</p>" for p in paragraphs)
    return (
        f'<html><head><meta charset="utf-8"><title>{title}_某市公安局</title>{head}</head><body>{NAV}<div class="article"><h1>{title}</h1>'
        f'<div class="info">发布时间：{when} 来源：{source}</div>'
        f'<div class="content">{body}<p><img src="/pic/1.jpg"></p></div>{more}<p class="editor">（责任编辑：王编）</p></div></body></html>'
    )


LOGIN = (
    '<html><head><title>用户登录</title></head><body><form action="/login"><input name="u"><input type="password" name="p">'
    "<button>登录</button></form></body></html>"
)
