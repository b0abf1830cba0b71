"""The file a monitoring vendor hands over during the drill: XLSX with the trade's usual headers."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from openpyxl import Workbook

from config.clock import SHANGHAI

HEADERS = (
    "标题／微博内容", "原文／评论链接", "日期", "来源网站", "媒体类型", "原文作者", "粉丝数", "转发数", "评论数", "点赞数",
)  # fmt: skip
_COPY = "西安市灞桥区新筑街道云帆塑料制品厂发生火灾，目前已造成11人死亡、9人受伤，公安、消防正在现场处置。"
_SAID = (
    _COPY,
    "灞桥区云帆塑料制品厂火灾，听说死了11个人，太惨了，消防通道到底有没有被堵？",
    "//@灞上晚报:" + _COPY,
    "求助！我爸在灞桥区云帆塑料制品厂上班，现在电话打不通，西安公安能不能公布伤亡名单？",
    "转发微博//@长安融媒:" + _COPY,
    "灞桥区工厂火灾现场交通管制，绕行的朋友注意了，愿平安。",
    "今天西安天气真不错，曲江池边散步的人好多。",
    "西安高新区那个抢孩子的消息是真的吗？家长群都炸了，求警方辟谣。",
    "周末去看城墙灯会的来报名，还差三个人拼车。",
    "刚办完居住证，莲湖分局户政大厅的民警态度很好，给个赞。",
)
ROWS = 40


def write(path: Path, now: datetime) -> int:
    """Write the file as of `now`; the number of its rows. Its posts lie in the last five minutes."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("信息列表")
    sheet.append(HEADERS)
    for n in range(ROWS):
        text = _SAID[n % len(_SAID)]
        at = (now - timedelta(seconds=7 * (ROWS - n))).astimezone(SHANGHAI)
        heat = (ROWS - n) * (12 if "灞桥" in text else 1)
        sheet.append(
            (text, f"https://weibo.example/drill/{n}", f"{at:%Y-%m-%d %H:%M:%S}", "新浪微博（演练）", "微博", f"网友{n}", 100 + n,
             heat, heat // 3, heat * 2)
        )  # fmt: skip
    partial = path.with_suffix(".part")
    book.save(partial)
    partial.rename(path)
    return ROWS
