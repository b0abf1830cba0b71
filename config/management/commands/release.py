from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from config.cli import Refused
from config.management.base import Command as Base
from config.management.base import acting_now, instant, person, policy
from flow import release
from sla.models import Obligation


class Command(Base):
    help = "Record a published release with its evidence; it settles only the duties it names."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("event", type=int)
        parser.add_argument("--duty", action="append", default=[], help="K1, K2, K3; may be given more than once")
        for name in ("title", "body", "channel", "published-at", "drafted-by", "reviewed-by", "published-by"):
            parser.add_argument(f"--{name}", required=True)
        parser.add_argument("--url", default="")
        parser.add_argument("--page", help="the published page as a file; its hash is the evidence (needed for K1)")
        parser.add_argument("--place", default="")
        parser.add_argument("--speaker", default="")
        parser.add_argument("--attendees", type=int)
        parser.add_argument("--issuer", default="", help="the other agency that issued it (由…发布)")
        parser.add_argument("--review-no", default="", help="number of the secrecy review; default one of our own")
        parser.add_argument("--unit", default="", help="conference: the speaker's unit, for the spokesperson duties")
        parser.add_argument("--post", default="", help="conference: head | deputy")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        published_at = instant(options["published_at"], "published_at")
        now, held = acting_now(published_at)
        made = release.record(
            options["event"],
            duties=[d.strip() for given in options["duty"] for d in given.split(",") if d.strip()],
            title=options["title"],
            body=_file(options["body"], "body").decode("utf-8", "replace"),
            drafted_by=person(options["drafted_by"], "drafted_by"),
            reviewed_by=person(options["reviewed_by"], "reviewed_by"),
            published_by=person(options["published_by"], "published_by"),
            channel=options["channel"],
            url=options["url"],
            published_at=published_at,
            page=_file(options["page"], "page") if options["page"] else None,
            place=options["place"],
            speaker=options["speaker"],
            attendees=options["attendees"],
            review_no=options["review_no"],
            issuer=options["issuer"],
            unit=options["unit"],
            post=options["post"],
            policy=policy(),
            now=now,
            held=held,
        )
        settled = Obligation.objects.filter(release=made).values_list("duty", flat=True)
        return {"id": made.id, "event": made.event_id, "settled": sorted(settled), "page_hash": made.page_hash}


def _file(path: str, field: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as e:
        raise Refused(f"{path} 读不出：{e.strerror}", field) from e
