from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings

from analysis.loading import load_reader
from analysis.policy import load_editions
from config.cli import Refused
from config.management.base import Command as Base


class Command(Base):
    help = "Measure the reader against a file of hand labels (JSON lines with id, text and labels)."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--pairs", type=Path, help="JSON lines of labelled pairs: the same event or not")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        from analysis.measuring import measure

        rows = _rows(options["file"], "file")
        pairs = _rows(options["pairs"], "pairs") if options.get("pairs") else None
        names = "、".join(path.name for path in (options["file"], options.get("pairs")) if path)
        try:
            return measure(rows, load_reader(settings.POLICY, None), load_editions(settings.POLICY)["labels"], pairs)
        except (KeyError, ValueError, TypeError) as e:
            raise Refused(f"{names}：有一行缺少或写错了 {e}", "file") from e

    def tell(self, answer: dict[str, Any]) -> None:
        direct, types, grade = answer["relevance"]["direct"], answer["type"], answer["grade"]
        write = self.stdout.write
        write(f"{answer['rows']} 条，模型 {answer['version']}")
        write(f"涉警：准确 {direct['precision']:.3f}  召回 {direct['recall']:.3f}  F1 {direct['f1']:.3f}")
        write(f"  按总体加权：准确 {direct['weighted_precision']:.3f}  召回 {direct['weighted_recall']:.3f}")
        broad = answer["relevance"]["incident"]
        write(f"警情：准确 {broad['precision']:.3f}  召回 {broad['recall']:.3f}  F1 {broad['f1']:.3f}")
        write(f"类型：正确率 {types['accuracy']:.3f}  宏平均 F1 {types['macro_f1']:.3f}")
        write(f"较大以上：准确 {grade['precision_major']:.3f}  召回 {grade['recall_major']:.3f}")
        if pairs := answer.get("pairs"):
            write(f"同一事件：AUC {pairs['auc']:.3f}  阈值处 F1 {pairs['f1_at_threshold']:.3f}（{pairs['n']} 对）")
        for error in answer["errors"]:
            write(f"  {error['task']} {error['id']}：应为 {error['expected']}，判为 {error['got']}；{'；'.join(error['reasons'])}")


def _rows(path: Path, option: str) -> list[dict[str, Any]]:
    """The file's rows. Raises Refused naming the line that is no JSON object."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise Refused(f"{path} 无法读取：{e}", option) from e
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as e:
            raise Refused(f"{path.name} 第 {number} 行不是 JSON：{e.msg}", option) from e
        if not isinstance(row, dict):
            raise Refused(f"{path.name} 第 {number} 行不是 JSON 对象", option)
        rows.append(row)
    return rows
