"""The receiver of one push stream: connects, stores, connects again with the last number. A process of its own.

Posts and the number of the last record are committed together: killed at any moment, the next receiver asks from there,
what was not committed is replayed, and what was is known by its key.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import Error, InterfaceError, OperationalError, close_old_connections

from archive import approval
from archive.models import Source
from config import clock
from crawlers import schedule
from crawlers.adapters.base import Unread
from crawlers.again import withdraw
from crawlers.models import Rejection, SourceRun
from crawlers.posts import AHEAD, BATCH, Refused, id_key, save
from crawlers.schedule import Run
from crawlers.weibo.connection import Connection
from crawlers.weibo.errors import AUTH
from crawlers.weibo.grants import access_of, refused
from crawlers.weibo.options import BadOption, Options, read_options
from crawlers.weibo.push import ITEMS_OF_ONE, REPLAYED, Record, read_record

log = logging.getLogger(__name__)
AT_ONCE = BATCH // ITEMS_OF_ONE  # records of one transaction
TELL_S = 60.0  # between two entries in the source's record of readings, while all is well
LISTEN_S = 0.5
AGAIN_S = 1.0  # between two connections: an idle stream is closed every five seconds
BACK_OFF_MOST_S = 300.0
FAILURES_FORGIVEN = 1  # a line breaks; a state follows when it breaks again at once


class Receiver:
    """`run` ends when `stop` is set, or the source was switched off or removed."""

    def __init__(self, source_id: int, stop: threading.Event) -> None:
        self._id, self._stop = source_id, stop
        self._failures = 0
        self._since: datetime = clock.now()  # what is counted below was received from then on
        self._fetched = self._new = 0
        self._told: datetime | None = None

    def run(self) -> None:
        while not self._stop.is_set():
            close_old_connections()
            pause = AGAIN_S
            try:
                source = Source.objects.filter(pk=self._id, kind=Source.Kind.WEIBO_PUSH, enabled=True).first()
                if source is None:
                    return
                if why := approval.missing(source):
                    raise Unread(why, state="off", code="unapproved")
                self._listen(source)
            except Unread as e:
                pause = self._failed(e)
            except (OperationalError, InterfaceError) as e:
                log.warning("database not available, tried again: %s", e)
                pause = self._longer()
            self._stop.wait(pause)
        self._tell(Run(started_at=self._since, state="alive", said="推送接收已停止"), due=self._fetched > 0)

    def _listen(self, source: Source) -> None:
        """One connection, to its end. Raises Unread."""
        now = clock.now()
        options, access = options_of(source), access_of(source, now, app_alone=True)
        damage = lost_since(source, now)
        connection = Connection(access, options, since_of(source), now)
        try:
            while not connection.over and not self._stop.is_set():
                lines = connection.batch(AT_ONCE, LISTEN_S)
                if lines:
                    self._store(source, [read_record(line, own=access.uid) for line in lines])
                    self._failures = 0
                self._tell(Run(started_at=self._since, state="alive", said="推送连接正常", damage=damage))
            self._failures = 0
        finally:
            connection.leave()

    def _store(self, source: Source, records: Sequence[Record]) -> None:
        """All of them in one transaction; when one cannot be written, each alone, and that one is refused by name."""
        for record in records:
            if record.error:
                raise Unread(f"推送：{record.error.said}", state=record.error.meaning.state, code=record.error.meaning.code)
        try:
            self._write(source, records)
        except (OperationalError, InterfaceError):
            raise  # the connection ends; the next one asks for these again
        except (Error, ValueError) as e:
            if len(records) > 1:
                for record in records:
                    self._store(source, [record])
                return
            log.exception("storing record %s", records[0].number)
            reason = Refused(row=0, field="record", reason=f"推送记录 {records[0].number}：{type(e).__name__}: {e}"[:300])
            self._write(source, [Record(number=records[0].number)], [reason])

    def _write(self, source: Source, records: Sequence[Record], more: Sequence[Refused] = ()) -> None:
        now = clock.now()
        items = [item for record in records for item in record.page.items]
        out = [*more, *(reason for record in records for reason in record.page.refused)]
        gone = [id_key("weibo", number) for record in records for number in record.page.gone]
        number = max((record.number for record in records), default=0)
        dated = [i.published_at for i in items if i.published_at and i.published_at <= now + AHEAD]
        changes: dict[str, Any] = {"last_item_at": max([t for t in (source.last_item_at, *dated) if t], default=None)}
        if number:
            changes["cursor"] = {**source.cursor, "since": str(number), "since_at": now.isoformat()}

        def also() -> None:
            Source.objects.filter(pk=source.pk).update(**changes)
            if gone:
                withdraw(gone, now)
            if out:
                run = SourceRun.objects.create(
                    source=source, started_at=now, ended_at=now, state="alive", fetched=len(out), error=f"{len(out)} 条未收录"
                )
                Rejection.objects.bulk_create(
                    Rejection(run=run, row=r.row, field=r.field[:80], reason=r.reason[:300]) for r in out
                )

        saved = save(items, source, now, live=True, also=also)
        for name, value in changes.items():
            setattr(source, name, value)
        self._fetched, self._new = self._fetched + len(items), self._new + saved.new

    def _failed(self, e: Unread) -> float:
        """Say so from the second time on; how many seconds to wait."""
        log.warning("push stream of source %s: %s", self._id, e.said)
        now = clock.now()
        pause = self._longer()
        if e.code == AUTH and e.retry_at is not None:
            refused(Source.objects.get(pk=self._id), e.said, now)
        passing = e.state == "failing" and not e.code
        if self._failures > FAILURES_FORGIVEN or not passing:
            self._tell(Run(started_at=now, state=e.state, said=e.said, code=e.code, retry_at=e.retry_at), due=True)
        # Asked again well before retry_at all the same: somebody may authorise meanwhile, and that costs no call.
        return BACK_OFF_MOST_S / 10 if e.state == "off" else pause

    def _longer(self) -> float:
        self._failures += 1
        return min(AGAIN_S * 2.0 ** min(self._failures - 1, 12), BACK_OFF_MOST_S)

    def _tell(self, run: Run, *, due: bool = False) -> None:
        """An entry for what came since the last one: at once when something changed, else every minute."""
        now = clock.now()
        if not due and self._told is not None and now - self._told < timedelta(seconds=TELL_S * clock.speed()):
            return
        schedule.settle(self._id, counted(run, self._fetched, self._new), now)
        self._told = self._since = now
        self._fetched = self._new = 0


def counted(run: Run, fetched: int, new: int) -> Run:
    """The run with its counts, in figures and in words."""
    said = f"{run.said}，收到 {fetched} 条，新增 {new} 条" if run.state == "alive" else run.said
    return Run(
        started_at=run.started_at, state=run.state, said=said, code=run.code, retry_at=run.retry_at, damage=run.damage,
        fetched=fetched, new=new,
    )  # fmt: skip


def options_of(source: Source) -> Options:
    """Raises Unread: which option is wrong, or that there is no subscription yet."""
    try:
        options = read_options(source.options, budget=1)
    except BadOption as e:
        raise Unread(f"设置有误：options.{e.field}：{e}") from e
    if not options.subid:
        raise Unread("未启用：没有设置订阅编号（subid）", state="off", code="not_configured")
    return options


def since_of(source: Source) -> str:
    """The number of the last record that was committed; "" at the very first."""
    since = str(source.cursor.get("since") or "")
    return since if since.isdigit() else ""


def lost_since(source: Source, now: datetime) -> str:
    """Words for what no replay brings back, after an interruption longer than the stream remembers."""
    try:
        at = datetime.fromisoformat(source.cursor["since_at"])
    except (KeyError, TypeError, ValueError):
        return ""
    if now - at <= REPLAYED:
        return ""
    return f"中断超过 {REPLAYED.total_seconds() / 3600:.0f} 小时，{at:%m-%d %H:%M} UTC 之后部分内容无法补取，请用检索补读"
