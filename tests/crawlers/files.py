"""Vendor files as vendors write them: the 37 columns, workbooks, gb18030."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

LONG_FORM = ["序号", "标题／微博内容", "信息属性", "原创/转发", "原文/评论链接", "来源网站", "原文作者", "日期", "媒体类型", "原微博内容", "认证类型", "信源地域（IP）", "性别", "全文内容", "粉丝数", "作品数", "转发数", "评论数", "点赞数", "阅读数/浏览热度", "行业标签", "微博情绪", "根微博作者", "城市", "精准地域", "涉及词", "注册时间", "信源级别", "收藏数", "媒体信息", "用户类型", "账号类型", "主页链接", "用户简介", "摘要", "头像", "相似文章数"]


def long_row(n: int, **changed: Any) -> dict[str, Any]:
    """Row n of a 37-column export: one person's Weibo post."""
    return dict.fromkeys(LONG_FORM, "") | {
        "序号": n,
        "标题／微博内容": f"钟楼附近第{n}起追尾，路过的朋友绕行",
        "原创/转发": "原创",
        "原文/评论链接": f"https://weibo.com/1000{n}/Nabc{n}",
        "来源网站": "新浪微博",
        "原文作者": f"路人{n}",
        "日期": "2024-05-20 20:58:15",
        "媒体类型": "微博",
        "认证类型": "个人认证",
        "信源地域（IP）": "陕西",
        "性别": "女",
        "全文内容": f"钟楼附近第{n}起追尾，路过的朋友绕行，交警已到场。",
        "粉丝数": "1.2万",
        "转发数": 3,
        "评论数": "1,204",
        "点赞数": 7,
        "阅读数/浏览热度": "10万+",
        "主页链接": "https://weibo.com/u/1000",
        "用户简介": "热爱生活",
        "头像": "https://example.cn/face.jpg",
        "注册时间": "2011-01-01",
        "精准地域": "碑林区某小区3号楼",
    } | changed


def write_csv(path: Path, rows: list[dict[str, Any]], *, encoding: str = "utf-8-sig", delimiter: str = ",") -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def write_xlsx(path: Path, rows: list[list[Any]]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def write_jsonl(path: Path, rows: list[Any]) -> Path:
    lines = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("\n".join(lines) + "\n")
    return path
