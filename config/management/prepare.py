"""The data folder made ready: tables migrated, seed files read once into their tables, roles present."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from analysis.models import Unit
from archive.models import Source
from flow.locks import file_lock
from flow.roles import ROLES


def prepare() -> None:
    """Bring the database up to this version and fill what a new one lacks. Repeating it does nothing."""
    if not pending():
        return
    # Only a new folder needs these: every other command starts without them.
    from analysis.loading import seed_units
    from crawlers.seeding import seed_sources
    from crawlers.templates import seed as seed_templates

    with file_lock(settings.DATA / "prepare.lock"):
        if pending():
            call_command("migrate", verbosity=0, interactive=False)
            with transaction.atomic():
                Group.objects.bulk_create([Group(name=role) for role in ROLES], ignore_conflicts=True)
                if not Unit.objects.exists():
                    seed_units(settings.POLICY)
                if not Source.objects.exists():
                    seed_sources(settings.POLICY)
                seed_templates(settings.POLICY)


def pending() -> bool:
    """Whether the tables are older than the code. One query when they are not."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
