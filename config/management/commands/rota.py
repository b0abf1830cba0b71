from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from alerts import rota as shifts
from alerts.roster import duties_in
from config.cli import Refused, say
from config.clock import shanghai
from config.management.base import Command as Base
from config.management.base import acting_now, person, policy, shown_now
from flow import rota, rota_book


class Command(Base):
    help = "The rota: who is on duty (show), the workbook (import, export), empty and doubled shifts (check; exit 1)."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["show", "import", "export", "check"])
        parser.add_argument("file", nargs="?", type=Path)
        parser.add_argument("--days", type=int, default=7, help="how far show and check look ahead (1 to 90)")
        parser.add_argument("--by", help="who imports")
        parser.add_argument("--reason", default="", help="why shifts may stay empty")
        parser.add_argument("--replace", action="store_true", help="import: remove what the file does not list")
        parser.add_argument("--dry-run", action="store_true", help="import: only check the file")

    def handle(self, *args: Any, **options: Any) -> None:
        self.wrong = False
        super().handle(*args, **options)
        if self.wrong:
            sys.exit(1)

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        self.act = options["act"]
        if not 1 <= options["days"] <= 90:
            raise Refused("--days 须在 1 至 90 之间", "days")
        if self.act in ("import", "export") and options["file"] is None:
            raise Refused(f"rota {self.act} 需要文件名", "file")
        if self.act == "import":
            return self._import(options)
        if self.act == "export":
            content = rota_book.export(policy().ladder, shown_now(), 28)
            try:
                options["file"].write_bytes(content)
            except OSError as e:
                raise Refused(f"{options['file']} 写不了：{e.strerror}", "file") from e
            return {"file": str(options["file"]), "bytes": len(content)}
        return self._show(timedelta(days=options["days"]), check=self.act == "check")

    def _show(self, ahead: timedelta, *, check: bool) -> dict[str, Any]:
        now, ladder, names = shown_now(), policy().ladder, rota.names_of()
        duties = duties_in(now, now + ahead)
        holes = rota.holes(ladder, now, now + ahead, duties)
        clashes = shifts.overlaps(duties, now, now + ahead)
        self.wrong = check and bool(holes or any(c.twice for c in clashes))
        return {
            "now": shanghai(now),
            "until": shanghai(now + ahead),
            "on_duty": {level.role: [names[d.user] for d in shifts.at(duties, now) if d.role == level.role] for level in ladder.levels},
            "shifts": [
                {
                    "role": d.role, "user": names[d.user], "starts_at": shanghai(d.starts_at), "ends_at": shanghai(d.ends_at),
                    "origin": d.origin,
                }
                for d in duties
            ],
            "gaps": [
                {
                    "role": h.role, "starts_at": shanghai(h.starts_at), "ends_at": shanghai(h.ends_at),
                    "instead": [
                        {
                            "starts_at": shanghai(i.starts_at), "ends_at": shanghai(i.ends_at), "role": i.role or None,
                            "users": [names[u] for u in i.users],
                        }
                        for i in h.instead
                    ],
                }
                for h in holes
            ],
            "overlaps": [
                {
                    "starts_at": shanghai(c.starts_at), "ends_at": shanghai(c.ends_at), "twice": c.twice,
                    "shifts": [{"role": d.role, "user": names[d.user]} for d in c.duties],
                }
                for c in clashes
            ],
        }  # fmt: skip

    def _import(self, options: dict[str, Any]) -> dict[str, Any]:
        if not options["by"]:
            raise Refused("请用 --by 写明谁导入", "by")
        by, now = person(options["by"], "by"), acting_now()[0]
        try:
            content = options["file"].read_bytes()
        except OSError as e:
            raise Refused(f"{options['file']} 读不出：{e.strerror}", "file") from e
        try:
            report = rota_book.load(
                content, by=by, now=now, ladder=policy().ladder, reason=options["reason"], replace=options["replace"],
                dry_run=options["dry_run"],
            )  # fmt: skip
        except rota_book.Unreadable as e:
            raise Refused(str(e), "file") from e
        except rota.LeavesGap as e:
            lines = [f"{rota.ladder_name(h.role, policy().ladder)} {rota.interval_text(h.starts_at, h.ends_at)}" for h in e.holes[:10]]
            raise Refused(f"{e}（--reason）：{'；'.join(lines)}", "reason") from e
        self.wrong = bool(report.rejected)
        return report.counts()

    def tell(self, answer: dict[str, Any]) -> None:
        if self.act == "export":
            self.stdout.write(f"已写入 {answer['file']}（{answer['bytes']} 字节）")
        elif self.act == "import":
            counts = f"新增 {answer['new']}，修改 {answer['changed']}，已有 {answer['known']}，删除 {answer['removed']}"
            undone = "；有误，什么都没有保存" if answer["rejected"] else ""
            self.stdout.write(f"共 {answer['rows']} 行：{counts}，退回 {len(answer['rejected'])}{undone}")
            for r in answer["rejected"]:
                say(f"{r['sheet']} 第 {r['row']} 行 {r['field']}：{r['reason']}")
        else:
            self._tell_shifts(answer)

    def _tell_shifts(self, answer: dict[str, Any]) -> None:
        ladder = policy().ladder
        for level in ladder.levels:
            people = "、".join(answer["on_duty"][level.role]) or "无人"
            self.stdout.write(f"{level.name} 现在：{people}")
        for s in answer["shifts"] if self.act == "show" else ():
            self.stdout.write(f"  {s['starts_at'][:16]} – {s['ends_at'][:16]} {rota.ladder_name(s['role'], ladder)} {s['user']}")
        for g in answer["gaps"]:
            instead = "；".join(f"告知{rota.ladder_name(i['role'], ladder)}（{'、'.join(i['users'])}）" for i in g["instead"] if i["role"])
            name = rota.ladder_name(g["role"], ladder)
            self.stdout.write(f"✗ 空缺 {name} {g['starts_at'][:16]} – {g['ends_at'][:16]} {instead or '上级亦无人在岗'}")
        for c in answer["overlaps"]:
            who = "、".join(s["user"] for s in c["shifts"])
            mark = "✗ 一人两班" if c["twice"] else "! 同时在岗"
            self.stdout.write(f"{mark} {c['starts_at'][:16]} – {c['ends_at'][:16]} {who}")
        if self.act == "check" and not self.wrong:
            self.stdout.write("✓ 值班表没有空缺")
