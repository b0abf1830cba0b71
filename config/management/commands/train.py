from __future__ import annotations

import shutil
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings

from analysis import joining
from analysis.loading import MODEL, load_reader
from analysis.policy import load_editions
from config import clock
from config.cli import Refused
from config.management.base import Command as Base


class Command(Base):
    help = "Train the models from a folder of texts; the new one is adopted only when it is not worse on the kept months."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="holds the files that analysis/training.py names")
        parser.add_argument("--to", type=Path, default=MODEL, help="where the model goes (default: where it is loaded from)")
        parser.add_argument("--joining", action="store_true", help="the decision that joins posts to events, instead of relevance")
        parser.add_argument("--dry-run", action="store_true", help="train and compare, change nothing")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        from analysis import adopting, corrections, training  # scikit-learn is imported for training alone

        if options["joining"]:
            return self._joining(options)
        folder, target = options["folder"], options["to"]
        labels = load_editions(settings.POLICY)["labels"]
        rules = load_reader(settings.POLICY, None, model=None)
        with tempfile.TemporaryDirectory() as staging:
            made = Path(staging) / target.name
            beside = target.with_name("vectors.npz")
            if beside.exists():
                shutil.copy(beside, made.with_name(beside.name))
            try:
                today = clock.real_now().date().isoformat()
                header = training.train(folder, rules, made, today, corrections.examples(rules))
                kept = training.kept_rows(folder)
            except OSError as e:
                raise Refused(f"训练资料无法读取：{e}", "folder") from e
            old = load_reader(settings.POLICY, None, model=target)
            before = None if old.model_note else adopting.figures(kept, old, labels)
            after = adopting.figures(kept, load_reader(settings.POLICY, None, model=made), labels)
            worse = adopting.worse(before, after)
            adopted = not worse and not options["dry_run"]
            if adopted:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(made.with_name(beside.name), beside)
                shutil.copy(made, target)
                target.with_name("CARD.md").write_text(adopting.card(header, after), encoding="utf-8")
        return {**header, "adopted": adopted, "worse": worse, "before": before, "after": after}

    def _joining(self, options: dict[str, Any]) -> dict[str, Any]:
        from analysis import join_training

        target = joining.FILE if options["to"] == MODEL else options["to"]
        today = clock.real_now().date().isoformat()
        try:
            return join_training.train(options["folder"], load_reader(settings.POLICY, None), target, today)
        except OSError as e:
            raise Refused(f"训练资料无法读取：{e}", "folder") from e

    def tell(self, answer: dict[str, Any]) -> None:
        from analysis.adopting import FIGURES

        self.stdout.write(f"模型 {answer['version']}：{answer['examples']} 条，{len(answer['files'])} 个文件")
        if "after" not in answer:
            return
        if answer["corrections"] or answer["corrections_kept"]:
            told = f"  其中人工更正 {answer['corrections']} 条"
            kept = answer["corrections_kept"]
            self.stdout.write(told + (f"；另有 {kept} 条属留作检验的月份，未用于训练" if kept else ""))
        names = dict(zip(FIGURES, ("涉警 F1", "警情类 F1", "类型宏平均 F1"), strict=True))
        for figure, name in names.items():
            before = f"{answer['before'][figure]:.3f}" if answer["before"] else "无"
            self.stdout.write(f"  {name}：现用 {before}，新训 {answer['after'][figure]:.3f}")
        if answer["worse"]:
            self.stdout.write("未采用：" + "、".join(names[figure] for figure in answer["worse"]) + "不如现用模型")
        else:
            self.stdout.write("已采用" if answer["adopted"] else "只作比较，未采用")
