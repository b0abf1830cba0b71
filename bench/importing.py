"""Files of vendors: rows a second and memory of a 37-column CSV, seconds for a workbook of 200,000 rows.

`python -m bench.importing` measures on a data folder of its own; bench.crawl calls `csv_rows` and `xlsx_seconds` for its
targets import_rows_per_s and xlsx_s. The files are made up here, and are not part of the measured time.
"""

from __future__ import annotations

import csv
import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CSV_ROWS, XLSX_ROWS = 1_000_000, 200_000
SEED = 20261124
COLUMNS = ["序号", "标题／微博内容", "信息属性", "原创/转发", "原文/评论链接", "来源网站", "原文作者", "日期", "媒体类型", "原微博内容", "认证类型", "信源地域（IP）", "性别", "全文内容", "粉丝数", "作品数", "转发数", "评论数", "点赞数", "阅读数/浏览热度", "行业标签", "微博情绪", "根微博作者", "城市", "精准地域", "涉及词", "注册时间", "信源级别", "收藏数", "媒体信息", "用户类型", "账号类型", "主页链接", "用户简介", "摘要", "头像", "相似文章数"]
WORDS = ["灞桥区", "雁塔区", "交警", "起火", "现场", "群众", "伤者", "送医", "警方", "通报", "路口", "车辆", "相撞", "调查", "市民", "反映", "服务", "窗口", "排队", "身份证", "夜间", "噪声", "投诉", "物业", "学校", "家长", "视频", "网传"]


def rows(count: int) -> Iterator[list[Any]]:
    dice = random.Random(SEED)
    for n in range(count):
        text = "，".join("".join(dice.choices(WORDS, k=4)) for _ in range(8)) + "。"
        said = {
            "序号": n + 1, "标题／微博内容": text[:20], "原创/转发": "原创", "原文/评论链接": f"https://weibo.com/{10000 + n % 5000}/N{n:07d}",
            "来源网站": "新浪微博", "原文作者": f"用户{n % 9999}", "日期": f"2026-05-{1 + n % 28:02d} {n % 24:02d}:{n % 60:02d}:15",
            "媒体类型": "微博", "认证类型": "普通用户", "信源地域（IP）": "陕西", "性别": "女", "全文内容": text, "粉丝数": n % 100_000,
            "转发数": n % 50, "评论数": n % 30, "点赞数": n % 70, "用户类型": "个人", "主页链接": "https://weibo.com/u/1",
        }  # fmt: skip
        yield [said.get(name, "") for name in COLUMNS]


def csv_rows(folder: Path, count: int = CSV_ROWS) -> dict[str, Any]:
    """Rows a second of the whole import, and the memory it grew by after its first tenth."""
    from config import clock
    from crawlers.importing import import_file

    path = folder / "rows.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows(count))
    seen: list[tuple[int, float]] = []
    done = 0

    def progress(some: int) -> None:
        nonlocal done
        done += some
        seen.append((done, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))

    began, cpu = time.perf_counter(), time.process_time()
    report = import_file(path, clock.now(), progress=progress)
    took, used = time.perf_counter() - began, time.process_time() - cpu
    path.unlink()
    early = next(mb for n, mb in seen if n >= count / 10)
    return {
        "rows": report["new"], "import_rows_per_s": round(count / took), "rows_per_cpu_s": round(count / used),
        "rss_mb": round(seen[-1][1]), "rss_grown_mb": round(seen[-1][1] - early, 1),
    }  # fmt: skip


def xlsx_seconds(folder: Path, count: int = XLSX_ROWS) -> dict[str, Any]:
    from openpyxl import Workbook

    from config import clock
    from crawlers.importing import import_file

    path = folder / "rows.xlsx"
    book = Workbook(write_only=True)
    sheet = book.create_sheet("数据")
    sheet.append(COLUMNS)
    for row in rows(count):
        sheet.append(row)
    book.save(path)
    began, cpu = time.perf_counter(), time.process_time()
    report = import_file(path, clock.now())
    took, used = time.perf_counter() - began, time.process_time() - cpu
    path.unlink()
    return {"rows": report["rows"], "new": report["new"], "xlsx_s": round(took, 1), "xlsx_cpu_s": round(used, 1)}


def main() -> int:
    share = float(sys.argv[sys.argv.index("--share") + 1]) if "--share" in sys.argv else 1.0
    if "--here" in sys.argv:
        import django

        django.setup()
        from django.conf import settings

        from config.management.prepare import prepare

        prepare()
        folder = Path(settings.DATA)
        # The workbook first: the CSV holds the same posts, and known rows cost less than new ones.
        xlsx = xlsx_seconds(folder, int(XLSX_ROWS * share))
        from archive.models import Change, Post

        Change.objects.all().delete()
        Post.objects.all().delete()
        sys.stdout.write(json.dumps({**xlsx, **csv_rows(folder, int(CSV_ROWS * share))}) + "\n")
        return 0
    from bench.databases import BOTH, apart, report

    chosen = [name for name in BOTH if name in sys.argv] or ["sqlite"]
    results = {name: apart("bench.importing", name, ["--share", str(share)]) for name in chosen}
    goals = (("import_rows_per_s", ">=", 3000, "rows/s"), ("rss_grown_mb", "<=", 30, "MB"), ("xlsx_s", "<=", 90, "s"))
    return report({"csv_rows": int(CSV_ROWS * share), "xlsx_rows": int(XLSX_ROWS * share)}, results, goals)


if __name__ == "__main__":
    sys.exit(main())
