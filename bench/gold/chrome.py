"""What surrounds an article on its page: navigation, lists, comments, promotion, spam. Deterministic by its number."""

from __future__ import annotations

import random
from collections.abc import Sequence
from html import escape

_HEADS = (
    "市区新增公交专用道三条", "两会代表热议基层治理", "春运返程高峰今起到来", "省博新馆试开放预约爆满", "老字号重开张街坊排长队", "高校毕业生就业月启动",
    "沿江风光带二期动工", "外卖骑手有了爱心驿站", "中考体育分值再调整", "三甲医院推行夜间门诊", "首批共享单车换新", "本地草莓大量上市", "楼市成交量环比回升",
    "一图读懂医保新政", "青年音乐节周末开唱", "跨江大桥合龙在即", "菜市场里的直播间", "一个人的乡村邮路",
)  # fmt: skip
_SUMMARIES = (
    "随着气温回升，各大公园迎来赏花高峰，园方提醒市民错峰出行，文明游园，不要攀折花木。",
    "记者从有关部门获悉，该项目总投资约三亿元，建成后将有效缓解周边停车难的问题，预计年底投入使用。",
    "业内人士认为，短期来看市场仍处于调整阶段，建议消费者保持理性，货比三家，不要盲目跟风。",
)
_COMMENTS = (
    "这条路我每天都走，早就该修了，希望别再反复开挖，给老百姓添堵。", "说得好听，去年也是这么讲的，结果呢？还不是不了了之，大家等着看吧。",
    "支持！为一线的同志点赞，大冷天的真不容易，辛苦了，注意身体。", "楼上的别抬杠，人家干了实事，你在键盘上敲两下就想否定一切？", "建议把详细数据公布出来，不要只讲百分比，我们看不懂。",
    "我是当事人的邻居，那天晚上声音特别大，全楼的玻璃都在响，幸好没有大事。",
)  # fmt: skip
SPAM = "澳门新葡京娱乐场官网注册送彩金，时时彩计划软件免费下载，六合彩开奖结果，北京赛车投注平台欢迎您。"
SELLING = (
    "扫描下方二维码，关注“临川民生”微信公众号，更多精彩内容等你来看", "下载“江畔”客户端，随时随地看新闻", "【免责声明】本文仅代表作者本人观点，与本网无关，据此操作风险自担。",
    "版权声明：未经授权，任何媒体不得转载本网稿件，违者将依法追究责任。",
)  # fmt: skip


class Chrome:
    """The furniture of one page."""

    def __init__(self, number: int) -> None:
        self.dice = random.Random(number)

    def head(self) -> str:
        return self.dice.choice(_HEADS)

    def links(self, count: int, tag: str = "li", date: bool = False) -> str:
        def item(n: int) -> str:
            day = f"<span>{self.dice.randint(1, 12):02d}-{self.dice.randint(1, 28):02d} {self.dice.randint(0, 23):02d}:{self.dice.randint(0, 59):02d}</span>" if date else ""
            return f'<{tag}><a href="/a/{self.dice.randint(10**5, 10**6)}.html" target="_blank">{self.head()}</a>{day}</{tag}>'

        return "".join(item(n) for n in range(count))

    def nav(self, kind: str = "nav") -> str:
        names = ("首页", "新闻", "国内", "国际", "社会", "财经", "体育", "娱乐", "汽车", "房产", "视频", "图片")
        return f'<div class="{kind}">' + " ".join(f'<a href="/{n}/">{name}</a>' for n, name in enumerate(names)) + "</div>"

    def summaries(self, count: int) -> str:
        return "".join(f'<div class="item"><h4><a href="/b/{n}.html">{self.head()}</a></h4><p>{self.dice.choice(_SUMMARIES)}</p></div>' for n in range(count))

    def comments(self, count: int, kind: str = "comment-item") -> str:
        return "".join(
            f'<div class="{kind}"><span class="user">网友{self.dice.randint(1000, 9999)}</span> <span>20{self.dice.randint(10, 22)}-0{n % 9 + 1}-11 1{n % 10}:2{n % 6}</span>'
            f"<p>{self.dice.choice(_COMMENTS)}</p><a>回复</a> <a>顶[{n}]</a></div>"
            for n in range(count)
        )

    def footer(self) -> str:
        return (
            '<div class="footer"><a href="/about">关于我们</a> | <a href="/law">法律声明</a> | <a href="/map">网站地图</a>'
            "<p>版权所有 临川传媒集团 Copyright © 2007-2022 All Rights Reserved</p><p>互联网新闻信息服务许可证编号：36120170009 ICP备05001234号-2 违法和不良信息举报电话：0000-1234567</p></div>"
        )


def paragraphs(texts: Sequence[str], indent: str = "　　", tag: str = "p") -> str:
    return "\n".join(f"<{tag}>{indent}{escape(t, quote=False)}</{tag}>" for t in texts)


def page(title: str, head: str, body: str, charset: str = "utf-8", doctype: str = "<!DOCTYPE html>") -> str:
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}" />' if charset else ""
    return f'{doctype}\n<html>\n<head>\n{meta}\n<title>{escape(title)}</title>\n<meta name="keywords" content="新闻,民生" />\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>'
