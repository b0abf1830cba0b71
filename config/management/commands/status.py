from __future__ import annotations

from typing import Any

from config.management.base import Command as Base
from config.management.base import shown_now
from flow import status


class Command(Base):
    help = "Show events with their clocks, alerts and sources as of the last round."

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        return status.status(shown_now())

    def tell(self, answer: dict[str, Any]) -> None:
        self.stdout.write(f"截至 {answer['now']}")
        running = [e for e in answer["events"] if e["obligations"]]
        self.stdout.write(f"事件 {len(answer['events'])}，其中有应办事项 {len(running)}")
        for e in running:
            grade = (e["grade"] or "未定级") + ("·暂按" if e["provisional"] and e["grade"] else "")
            self.stdout.write(f"  #{e['id']} 【{grade}】{e['title']}（信息 {e['posts']}，去重 {e['folds']}）")
            for ob in e["obligations"]:
                self.stdout.write(f"     {ob['duty']} {ob['name']} {ob['standing']} 截止 {ob['due_at']}")
        waiting = [a for a in answer["alerts"] if not a["acked_by"] and not a["stood_down_at"]]
        self.stdout.write(f"告警 {len(answer['alerts'])}，未确认 {len(waiting)}")
        for a in waiting:
            self.stdout.write(f"  {a['key']}  {a['title']}")
        for s in answer["sources"]:
            self.stdout.write(f"信源 {s['name']} {s['state']} {s['detail']}")
        behind = answer["search"]
        if behind["waiting"] or behind["trouble"] or behind["note"]:
            why = "；".join(filter(None, (behind["trouble"], behind["note"])))
            self.stdout.write(f"检索落后 {behind['waiting']} 条" + (f"：{why}" if why else ""))
