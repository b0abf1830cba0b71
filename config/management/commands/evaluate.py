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

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        from analysis.measuring import measure

        rows = _rows(options["file"])
        try:
            return measure(rows, load_reader(settings.POLICY, None), load_editions(settings.POLICY)["labels"])
        except (KeyError, ValueError) as e:
            raise Refused(f"{options['file'].name}：有一行缺少或写错了 {e}", "file") from e

    def tell(self, answer: dict[str, Any]) -> None:
        direct, types, grade = answer["relevance"]["direct"], answer["type"], answer["grade"]
        write = self.stdout.write
        write(f"{answer['rows']} 条，模型 {answer['version']}")
        write(f"涉警：准确 {direct['precision']:.3f}  召回 {direct['recall']:.3f}  F1 {direct['f1']:.3f}")
        write(f"  按总体加权：准确 {direct['weighted_precision']:.3f}  召回 {direct['weighted_recall']:.3f}")
        if broad := answer["relevance"]["incident"]:
            write(f"警情：准确 {broad['precision']:.3f}  召回 {broad['recall']:.3f}  F1 {broad['f1']:.3f}")
        write(f"类型：正确率 {types['accuracy']:.3f}  宏平均 F1 {types['macro_f1']:.3f}")
        write(f"较大以上：准确 {grade['precision_major']:.3f}  召回 {grade['recall_major']:.3f}")
        for error in answer["errors"]:
            write(f"  {error['task']} {error['id']}：应为 {error['expected']}，判为 {error['got']}；{'；'.join(error['reasons'])}")


def _rows(path: Path) -> list[dict[str, Any]]:
    """The file's rows. Raises Refused naming the line that is no JSON object."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise Refused(f"{path} 无法读取：{e}", "file") from e
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as e:
            raise Refused(f"{path.name} 第 {number} 行不是 JSON：{e.msg}", "file") from e
        if not isinstance(row, dict):
            raise Refused(f"{path.name} 第 {number} 行不是 JSON 对象", "file")
        rows.append(row)
    return rows
