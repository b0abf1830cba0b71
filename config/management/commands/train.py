from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings

from analysis import joining
from analysis.loading import MODEL, load_reader
from config import clock
from config.cli import Refused
from config.management.base import Command as Base


class Command(Base):
    help = "Train the model from a folder of labelled and unlabelled texts; the file holds weights, never texts."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="holds the files that analysis/training.py names")
        parser.add_argument("--to", type=Path, default=MODEL, help="where the model goes (default: where it is loaded from)")
        parser.add_argument("--joining", action="store_true", help="the decision that joins posts to events, instead of relevance")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        from analysis import training  # scikit-learn is imported for training alone

        if options["joining"]:
            return self._joining(options)
        # Silver labels come from the rules, not from an earlier model: the same folder gives the same model.
        rules = load_reader(settings.POLICY, None, model=None)
        try:
            return training.train(options["folder"], rules, options["to"], clock.real_now().date().isoformat())
        except OSError as e:
            raise Refused(f"训练资料无法读取：{e}", "folder") from e

    def _joining(self, options: dict[str, Any]) -> dict[str, Any]:
        from analysis import join_training

        target = joining.FILE if options["to"] == MODEL else options["to"]
        today = clock.real_now().date().isoformat()
        try:
            return join_training.train(options["folder"], load_reader(settings.POLICY, None), target, today)
        except OSError as e:
            raise Refused(f"训练资料无法读取：{e}", "folder") from e

    def tell(self, answer: dict[str, Any]) -> None:
        self.stdout.write(f"模型 {answer['version']}：{answer['examples']} 条，{len(answer['files'])} 个文件")
