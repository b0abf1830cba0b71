from __future__ import annotations

import pytest

from archive.models import Post
from crawlers.importing import import_file
from drill import vendor


@pytest.mark.django_db(transaction=True)
def test_the_vendors_file_is_taken_in_whole_and_only_once(tmp_path, at):
    path = tmp_path / "舆情导出.xlsx"
    now = at("2026-11-23 09:24")
    rows = vendor.write(path, now)
    first, second = import_file(path, now), import_file(path, now)
    assert (first["rows"], first["new"], first["rejected"]) == (rows, rows, [])
    assert (second["new"], second["known"]) == (0, rows)
    assert Post.objects.filter(body__contains="11人死亡").exists()
