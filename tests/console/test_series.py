"""A post's page shows how its counters moved and what it says after edits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from archive.models import Post, PostVersion
from crawlers import again
from crawlers.metrics import Counts

pytestmark = pytest.mark.django_db


def test_readings_and_versions_stand_with_the_text_as_first_read(signed, scene, now) -> None:
    post = Post.objects.filter(withdrawn_at=None).first()
    client = signed("duty_officer")
    assert "计数变化" not in client.get(f"/posts/{post.pk}/").content.decode()
    for minutes, reposts in ((10, 40), (20, 900)):
        again.measure([(post, Counts(reposts=reposts))], now + timedelta(minutes=minutes))
    PostVersion.objects.create(post=post, at=now, title=post.title, body="改口后的说法", digest="d")
    html = client.get(f"/posts/{post.pk}/").content.decode()
    assert "2 次复查" in html and "900" in html and "<polyline" in html
    assert post.body[:10] in html and "改口后的说法" in html
    Post.objects.filter(pk=post.pk).update(withdrawn_at=now)
    assert "改口后的说法" not in client.get(f"/posts/{post.pk}/").content.decode()
