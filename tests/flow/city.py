"""A small made-up city for tests: posts as importers would save them, rounds as the service would play them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from archive.models import Change, Post, Source
from config.clock import SHANGHAI
from flow import intake, watch
from flow.placing import Placer
from flow.policy import load_policy
from flow.readers import Readers

POLICY = load_policy(settings.BASE_DIR / "config")
READERS = Readers(settings.BASE_DIR / "config", None)

FIRE = (
    "灞桥区一厂房起火 已致11人死亡",
    "11月23日8时许，西安市灞桥区某厂房发生火灾，已造成11人死亡、6人受伤，公安、消防正在现场处置。",
)


def at(text: str) -> datetime:
    """"2026-11-23 14:00" in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def source(name="新浪微博", outlet="individual", home="", **more) -> Source:
    found, _ = Source.objects.get_or_create(
        name=name, defaults={"kind": "file", "outlet": outlet, "home": home, "state": "alive", **more}
    )
    return found


def post(title, body="", when="2026-11-23 09:00", *, outlet="individual", site="新浪微博", received=None, **more) -> Post:
    published = at(when) if isinstance(when, str) else when
    key = hashlib.sha256(f"{title}{body}{published}{site}".encode()).hexdigest()
    made = Post.objects.create(
        key=key, source=source(site, outlet), site=site, platform="weibo", outlet=outlet, title=title, body=body or title,
        published_at=published, received_at=received or published + timedelta(minutes=2),
        url=f"https://example.cn/{key[:12]}", **more,
    )  # fmt: skip
    Change.objects.create(post=made)
    return made


def play(now, placer=None, *, replay=True):
    """One round without the index; the counts."""
    now = at(now) if isinstance(now, str) else now
    placer = placer or Placer(POLICY.edition, READERS.here)
    counts = intake.run(placer, READERS, POLICY, now, replay=replay, held=replay)
    return counts + watch.run(POLICY, now, held=replay)


def user(name, role="duty_officer"):
    made, _ = get_user_model().objects.get_or_create(username=name)
    made.groups.add(Group.objects.get_or_create(name=role)[0])
    return made
