from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from analysis.models import Event
from archive.models import Post
from config.cli import Refused
from config.management.base import Command as Base
from config.management.base import acting_now, person
from flow import audit
from flow.models import Hold


class Command(Base):
    help = "Keep a post, or an event's posts, whole beyond their retention (a hold with its reason); --release ends it."

    def options_of(self, parser: ArgumentParser) -> None:
        parser.add_argument("post", type=int, nargs="?")
        parser.add_argument("--event", type=int)
        parser.add_argument("--by", required=True)
        parser.add_argument("--reason", required=True)
        parser.add_argument("--release", action="store_true")

    def answer(self, options: dict[str, Any]) -> dict[str, Any]:
        post, event = options["post"], options["event"]
        if (post is None) == (event is None):
            raise Refused("给出一条信息的编号，或用 --event 给出一个事件", "post")
        if not (Post.objects.filter(pk=post) if post is not None else Event.objects.filter(pk=event)).exists():
            raise Refused("没有这个编号", "post" if post is not None else "event")
        by, (now, _) = person(options["by"], "by"), acting_now()
        standing = Hold.objects.filter(post_id=post, event_id=event, released_at=None)
        subject = f"post:{post}" if post is not None else f"event:{event}"
        if options["release"]:
            if not standing.update(released_at=now, released_by=by.username):
                raise Refused("它没有被暂缓清理", "post" if post is not None else "event")
        elif not standing.exists():
            Hold.objects.create(post_id=post, event_id=event, by=by.username, reason=options["reason"], at=now)
        audit.record(by.username, "hold.released" if options["release"] else "hold.set", subject, now, reason=options["reason"])
        return {"subject": subject, "held": not options["release"]}

    def tell(self, answer: dict[str, Any]) -> None:
        self.stdout.write(f"{answer['subject']}：{'已暂缓清理' if answer['held'] else '已解除暂缓清理'}")
