from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from config.cli import Refused, say
from config.clock import shanghai
from config.management.base import Command as Base

_PAGES = {".html", ".htm", ".shtml", ".xhtml"}


class Command(Base):
    help = "Show what article extraction makes of saved pages: one JSON line per HTML file under a folder."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Lines with --json and without, as they are made; no database is needed."""
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise Refused(f"{folder} 不是文件夹；extract 要的是存有网页文件的文件夹", "folder")
        for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in _PAGES and p.is_file()):
            name = path.relative_to(folder).as_posix()
            try:
                line = json.dumps({"path": name, **_article(path)}, ensure_ascii=False)
            except Exception as e:  # whatever one file holds, the others are shown
                say(json.dumps({"path": name, "error": str(e) or type(e).__name__}, ensure_ascii=False))
            else:
                self.stdout.write(line)


def _article(path: Path) -> dict[str, Any]:
    from crawlers.extraction.articles import extract

    article = extract(path.read_bytes())
    return {
        "title": article.title or None,
        "published": shanghai(article.published_at),
        "precision": article.precision or None,
        "author": article.author or None,
        "editor": article.editor or None,
        "source": article.source or None,
        "text": article.text,
        "pictures": article.pictures,
        "next_pages": article.next_pages,
    }
