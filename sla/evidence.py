"""What it takes to settle a duty: only what the public had, with proof of when and by whom. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sla.engine import Duty, Unmet


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a release brings to show that it was made public."""

    duties: tuple[str, ...]
    channel: str
    url: str
    published_at: datetime | None
    page_hash: str
    people: tuple[int | None, int | None, int | None]  # drafter, reviewer, publisher
    place: str
    speaker: str
    attendees: int | None
    review_no: str  # the number of the secrecy review; "" = there was none
    issuer: str  # another agency with release authority that issued it: 由…发布


OFFICIAL_CHANNELS = ("portal", "weibo", "wechat", "app")


def check_evidence(evidence: Evidence, duties: Mapping[str, Duty], now: datetime) -> None:
    """Raise Unmet unless this release is good evidence for every duty it names (domain.md §2.2 "Stop K1/K2").

    `duties` are the rules of the event's running obligations it names, by code.
    """
    if None in evidence.people:
        field = ("drafted_by", "reviewed_by", "published_by")[evidence.people.index(None)]
        raise Unmet("起草、审核、发布三个环节都要有人署名", field)
    if len(set(evidence.people)) < 3:
        raise Unmet("同一人不得兼任起草、审核、发布", "published_by")
    if evidence.published_at is None:
        raise Unmet("缺发布时间", "published_at")
    if evidence.published_at > now:
        raise Unmet("发布时间晚于当前时间", "published_at")
    if not evidence.review_no:
        raise Unmet("缺审查编号：发布前须逐项保密审查", "review_no")
    for duty in duties.values():
        if duty.met_by == "continuing":
            _check_update(evidence)
        elif duty.met_by == "conference":
            _check_conference(evidence)
        else:
            _check_publication(evidence, duty)


def _check_conference(evidence: Evidence) -> None:
    if evidence.channel != "conference":
        raise Unmet("通稿不能代替新闻发布会：渠道须为 conference", "channel")
    for field, value in (("place", evidence.place), ("speaker", evidence.speaker), ("attendees", evidence.attendees)):
        if not value:
            raise Unmet("新闻发布会须记明地点（或线上）、发言人、到场人数", field)


def _check_publication(evidence: Evidence, duty: Duty) -> None:
    if evidence.channel not in OFFICIAL_CHANNELS:
        whose = evidence.issuer or "本局"
        raise Unmet(f"{duty.code} 须在{whose}官方渠道公开发布（门户网站、微博、微信、移动客户端）", "channel")
    if not evidence.url:
        raise Unmet("缺发布链接", "url")
    if not evidence.page_hash:
        raise Unmet("缺已发布页面文件（--page），其指纹是公开的证据", "page")


def _check_update(evidence: Evidence) -> None:
    """A further release to the public: by a channel of ours, or at a conference."""
    if evidence.channel not in (*OFFICIAL_CHANNELS, "conference"):
        raise Unmet("续报须在官方渠道公开发布", "channel")
