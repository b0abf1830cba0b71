"""Signed pushes of vendors: checked, kept whole before they are answered, and made posts by the importer.

A request carries X-Huiying-Timestamp (seconds) and X-Huiying-Signature, "sha256=" + hex HMAC-SHA256 with the vendor's
key over timestamp + "." + body. A request that was answered with 202 is on disk; one that got no answer is sent again
under a new timestamp, and its rows that are stored already are known.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from alerts.channels.webhook import signature
from archive import approval
from archive.models import Source
from config.clock import SHANGHAI, real_now
from config.door import ConfigError
from config.settings import secret
from crawlers import importing, schedule
from crawlers.columns import NEVER_STORED, Template, fold_header
from crawlers.importing import rejections
from crawlers.models import ImportBatch, Inbound, Rejection, SourceRun
from crawlers.posts import BATCH, ParsedItem, key_of, known_keys, save
from crawlers.rows import Refusal, Tally, parsed
from crawlers.tables import Sheet, Unreadable

WINDOW = timedelta(minutes=5)  # how far a timestamp may lie from our clock
LONGEST = 5 << 20  # bytes of one request
ROWS_MOST = 5_000  # of one request
KEPT = timedelta(days=7)  # requests that were taken: their numbers and counts, for questions of the vendor
ONE_RUN = timedelta(minutes=1)  # pushes within a minute are one run of the source
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


class Refused(Exception):
    """A request that is not accepted. `code` and `status` are for the sender's program, the text for its people."""

    STATUS = {"unknown": 404, "off": 403, "forged": 401, "expired": 401, "replayed": 409, "too_large": 413, "malformed": 422}

    def __init__(self, code: str, text: str, **more: Any) -> None:
        super().__init__(text)
        self.code, self.status, self.more = code, self.STATUS[code], more


def source_of(slug: str) -> Source:
    """The vendor's source. Raises Refused when there is none, or it is switched off."""
    found = Source.objects.filter(kind=Source.Kind.WEBHOOK, options__slug=slug).first() if SLUG.fullmatch(slug) else None
    if found is None:
        raise Refused("unknown", "没有这个推送地址")
    if not found.enabled or approval.missing(found):
        raise Refused("off", "此信源已停用或尚未批准")
    return found


def variable(slug: str) -> str:
    """The environment variable of a vendor's key; with _OLD its predecessor while keys change, with _FILE a file of it."""
    return f"HUIYING_INBOUND_{slug.upper().replace('-', '_')}"


def keys_of(slug: str) -> list[str]:
    """The keys that are valid now, read at each request: a new one holds from its file's next reading."""
    found = []
    for name in (variable(slug), variable(slug) + "_OLD"):
        try:
            found.append(secret(name) or "")
        except ConfigError:
            continue  # the file may just be being replaced; the other key still counts
    return [key for key in found if key]


def check(body: bytes, stamp: str, signed: str, keys: Sequence[str], now: datetime) -> None:
    """Raises Refused unless one of the keys signed this body within the window."""
    if not keys:
        raise Refused("forged", "此推送地址尚未配置密钥")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 12):
        raise Refused("forged", "缺少时间戳 X-Huiying-Timestamp（秒）")
    given = signed.encode(errors="replace")
    # Every key is tried whatever the first says, so that the time tells nothing.
    if not sum(hmac.compare_digest(f"sha256={signature(key, stamp, body)}".encode(), given) for key in keys):
        raise Refused("forged", "签名不符")
    if abs(now.timestamp() - int(stamp)) > WINDOW.total_seconds():
        raise Refused("expired", "时间戳与本机相差超过五分钟，请核对双方时钟")


def rows_of(body: bytes) -> list[dict[str, Any]]:
    """The rows of a JSON array or of JSON lines, without columns about persons. Raises Refused naming the row."""
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError as e:
        raise Refused("malformed", f"正文不是 UTF-8（第 {e.start + 1} 字节）") from None
    if not text:
        raise Refused("malformed", "正文是空的")
    found = list(_array(text) if text.startswith("[") else _lines(text))
    if not found:
        raise Refused("malformed", "没有一条数据")
    if len(found) > ROWS_MOST:
        raise Refused("too_large", f"一次最多 {ROWS_MOST} 条，收到 {len(found)} 条；请分次推送")
    for number, row in enumerate(found, start=1):
        if not isinstance(row, dict):
            raise Refused("malformed", f"第 {number} 条不是 JSON 对象")
    return [{k: v for k, v in row.items() if fold_header(k) not in NEVER_STORED} for row in found]


def _array(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise Refused("malformed", f"不是有效的 JSON：{str(e)[:120]}") from None
    return list(found)


def _lines(text: str) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as e:
                raise Refused("malformed", f"第 {number} 行不是有效的 JSON：{str(e)[:120]}") from None


def accept(source: Source, stamp: str, body: bytes, rows: Sequence[dict[str, Any]], now: datetime) -> Inbound:
    """Keep the request, inside the caller's transaction if there is one; with its commit it is on disk.

    Raises Refused (replayed) with the number of the first, when the same body came under the same timestamp.
    """
    # Of what was signed, not of the signature: a request signed with the old and again with the new key is the same.
    digest = hashlib.sha256(f"{source.pk}.{stamp}.".encode() + body).hexdigest()
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode("utf-8", "replace").decode()
    try:
        with transaction.atomic():
            return Inbound.objects.create(
                source=source, at=now, digest=digest, body=text.replace("\\u0000", ""), rows=len(rows)
            )
    except IntegrityError:
        first = Inbound.objects.get(digest=digest)
        raise Refused("replayed", "已经收到过，未重复处理", batch=first.pk, rows=first.rows) from None


# --- the importer's step ------------------------------------------------------------------------------------


def take_some(now: datetime) -> int:
    """Make posts of the oldest requests, some hundred rows; how many rows were taken. Raises django.db.Error."""
    waiting = list(Inbound.objects.filter(taken_at=None).select_related("source").order_by("id")[:BATCH])
    if not waiting:
        return 0
    first, rows = waiting[0], 0
    group: list[Inbound] = []
    for inbound in waiting:  # requests of one source in a row, as many as make one transaction
        if inbound.source_id != first.source_id or (group and rows + inbound.rows > BATCH):
            break
        group.append(inbound)
        rows += inbound.rows
    _take(first.source, group, now)
    return rows


def _take(source: Source, group: Sequence[Inbound], now: datetime) -> None:
    try:
        template, note = importing.template_of(str(source.options.get("mapping", ""))), ""
    except Unreadable as e:
        template, note = None, str(e)  # the rows are read by the known names rather than left lying
    entries = [(inbound, entry) for inbound in group for entry in _entries(inbound, template)]
    counts = {inbound.pk: [0, 0, 0] for inbound in group}  # new, known, refused
    for start in range(0, len(entries), BATCH):
        some, last = entries[start : start + BATCH], start + BATCH >= len(entries)
        with transaction.atomic():
            _count(some, source, counts)
            save([e for _, e in some if isinstance(e, ParsedItem)], source, now, live=True)
            refusals = [e for _, e in some if isinstance(e, Refusal)]
            batch = _day(source, now)
            Rejection.objects.bulk_create(rejections(batch, refusals))
            if last:
                for inbound in group:
                    inbound.body, inbound.taken_at = "", real_now()
                    inbound.new, inbound.known, inbound.refused = counts[inbound.pk]
                Inbound.objects.bulk_update(group, ["body", "taken_at", "new", "known", "refused"])
                _add_up(batch, group)
    _tell_health(source, group, note, now)


def _entries(inbound: Inbound, template: Template | None) -> Iterator[ParsedItem | Refusal]:
    lines = enumerate(inbound.body.split("\n"), start=1)
    sheet = Sheet([], ((number, json.loads(line)) for number, line in lines), exact_numbers=True)
    return parsed(sheet, template, Tally())


def _count(some: Sequence[tuple[Inbound, ParsedItem | Refusal]], source: Source, counts: dict[int, list[int]]) -> None:
    keys = {id(e): key_of(e, source) for _, e in some if isinstance(e, ParsedItem)}
    seen = known_keys(list(keys.values()))
    for inbound, entry in some:
        if isinstance(entry, Refusal):
            counts[inbound.pk][2] += 1
            continue
        key = keys[id(entry)]
        counts[inbound.pk][1 if key in seen else 0] += 1
        seen.add(key)


def _day(source: Source, now: datetime) -> ImportBatch:
    """One batch a day and vendor stands in the history; a thousand requests do not."""
    name = f"{source.name} {now.astimezone(SHANGHAI):%Y-%m-%d} 推送"[:255]
    found = ImportBatch.objects.filter(source=source, name=name).first()
    return found or importing.begin(name, "", source, now, "推送", state=ImportBatch.State.DONE)


def _add_up(batch: ImportBatch, group: Sequence[Inbound]) -> None:
    new, known, refused = (sum(getattr(i, name) for i in group) for name in ("new", "known", "refused"))
    ImportBatch.objects.filter(pk=batch.pk).update(
        rows=F("rows") + new + known + refused, new=F("new") + new, known=F("known") + known, refused=F("refused") + refused,
        ended_at=real_now(),
    )  # fmt: skip


def _tell_health(source: Source, group: Sequence[Inbound], note: str, now: datetime) -> None:
    fetched, new, refused = (sum(getattr(i, name) for i in group) for name in ("rows", "new", "refused"))
    run = SourceRun.objects.filter(source=source, started_at__gt=now - ONE_RUN, started_at__lte=now).order_by("-id").first()
    if run is None:
        said = f"收到推送，新增 {new}" + (f"，退回 {refused}" if refused else "")
        schedule.settle(
            source.pk, schedule.Run(started_at=now, state="alive", said=said, damage=note, fetched=fetched, new=new), now
        )
    else:
        schedule.go_on(run.pk, fetched, new, now)
    if new:
        Source.objects.filter(pk=source.pk).update(last_item_at=now)


def forget_old() -> int:
    """Requests that were taken a week ago; how many went."""
    old = Inbound.objects.filter(taken_at__lt=real_now() - KEPT).order_by("id").values_list("id", flat=True)[:1000]
    return Inbound.objects.filter(id__in=list(old)).delete()[0]
