"""Records of readings and imports go after their time; sums, open batches and what failed lately stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from archive.models import Spell
from archive.retention import RECORDS, Records
from crawlers.models import ImportBatch, Rejection, SourceDay, SourceRun
from crawlers.pruning import prune
from tests.sources import enabled

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, tzinfo=UTC)
DAY = timedelta(days=1)


def test_dull_readings_go_first_then_the_others_with_their_rejections():
    source = enabled(name="甲", url="https://a.example.cn/")

    def run(days: float, **more) -> SourceRun:
        return SourceRun.objects.create(source=source, started_at=NOW - days * DAY, **{"state": "alive", **more})

    run(4), run(91, state="failing", error="HTTP 500")
    kept = [run(2), run(4, new=1), run(4, state="failing", error="HTTP 500"), run(4)]
    Rejection.objects.create(run=kept[3], row=1, field="title", reason="没有标题")
    old = run(100, new=2)
    Rejection.objects.create(run=old, row=1, field="title", reason="没有标题")
    SourceDay.objects.create(source=source, day=(NOW - 400 * DAY).date(), runs=9)
    assert prune(Records(RECORDS), NOW) == 3
    assert set(SourceRun.objects.all()) == set(kept)
    assert Rejection.objects.count() == SourceDay.objects.count() == 1
    assert prune(Records(RECORDS), NOW) == 0


def test_batches_that_are_not_settled_and_spells_that_last_are_kept():
    source = enabled(name="甲", url="https://a.example.cn/")
    for days, state in ((4000, "done"), (4000, "waiting"), (400, "done")):
        batch = ImportBatch.objects.create(source=source, name=f"{days}{state}", sha256="0", at=NOW - days * DAY, state=state)
        Rejection.objects.create(batch=batch, row=2, field="url", reason="坏")
    Spell.objects.create(source=source, state="alive", starts_at=NOW - 2000 * DAY, ends_at=NOW - 1500 * DAY)
    Spell.objects.create(source=source, state="failing", starts_at=NOW - 1500 * DAY)
    prune(Records(RECORDS), NOW)
    assert set(ImportBatch.objects.values_list("name", flat=True)) == {"4000waiting", "400done"}
    assert Rejection.objects.get().batch.name == "4000waiting"
    assert Spell.objects.get().state == "failing"
