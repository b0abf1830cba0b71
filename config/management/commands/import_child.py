"""The importer as a process; started by the engine, not by people."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from crawlers import importer


class Command(BaseCommand):
    help = "internal: makes posts of pushes, watched folders and uploaded files until stdin ends"
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        importer.run()
