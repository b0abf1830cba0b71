"""Wiring of the engine: the readers with the units of the tables, and the scheduled jobs of the crawlers."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from analysis.models import Unit
from config import clock
from crawlers import habits, pruning, schedule
from crawlers.child import Child
from crawlers.importer import Importer
from crawlers.receivers import Receivers
from flow import contacts, erasing, topics
from flow.engine import Job
from flow.policy import Policy
from flow.readers import Readers

CRAWL_BEAT_S = 1.0
PUSH_BEAT_S = 5.0
IMPORT_BEAT_S = 1.0  # pushes and handed-in files; the importer runs only while there are some
CONTACTS_BEAT_S = 20.0
HABITS_BEAT_S = 60.0
RETENTION_BEAT_S = 3600.0
TOPICS_BEAT_S = 600.0  # looks whether tonight's sweep has been done


def readers(files: Policy, processes: int = 0) -> Readers:
    """Readers that know the units of the table (the file only seeds it)."""
    columns = ("name", "kind", "aliases", "places", "valid_from", "valid_to", "source")
    rows = [dict(row) for row in Unit.objects.order_by("id").values(*columns)]
    return Readers(files.folder, rows, processes)


@contextmanager
def jobs(stop: threading.Event, files: Policy) -> Iterator[Sequence[Job]]:
    """The engine's scheduled work; the crawler child, the receivers of push streams and the importer end with it."""
    child, receivers, importer = Child(), Receivers(), Importer()

    def crawl() -> None:
        if (due := schedule.due(clock.now())) and not stop.is_set():
            child.crawl(due)

    def habits_of_sources() -> None:
        habits.learn_due(clock.now())
        schedule.judge_delivered(clock.now())

    try:
        yield [
            Job("crawl", CRAWL_BEAT_S, crawl),
            Job("push", PUSH_BEAT_S, lambda: None if stop.is_set() else receivers.tend()),
            Job("import", IMPORT_BEAT_S, lambda: None if stop.is_set() else importer.look()),
            Job("habits", HABITS_BEAT_S, habits_of_sources),
            Job("retention", RETENTION_BEAT_S, lambda: erasing.age(files.retention, clock.now())),
            Job("records", RETENTION_BEAT_S, lambda: pruning.prune(files.retention.records, clock.now())),
            Job("topics", TOPICS_BEAT_S, lambda: topics.sweep(clock.now())),
            Job("contacts", CONTACTS_BEAT_S, lambda: contacts.run(files.ladder, clock.now(), held=False)),
        ]
    finally:
        receivers.stop(2.0)
        importer.stop(2.0)
        child.stop()
