"""/inbound/SLUG/: vendors' signed pushes, so without log-in and form token. 202 means: it is on disk."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from config import clock
from crawlers import inbound
from crawlers.inbound import LONGEST, Refused
from flow import audit
from flow.models import AuditEntry

REFUSALS_KEPT = 60  # audit entries a minute: whoever floods the door must not fill the trail
BUSY_S = 5


@csrf_exempt
@require_POST
def receive(request: HttpRequest, slug: str) -> HttpResponse:
    """Check, keep, answer with the batch's number; the importer makes posts of it."""
    now = clock.now()
    try:
        source = inbound.source_of(slug)
        body = _body(request)
        stamp, signed = request.headers.get("X-Huiying-Timestamp", ""), request.headers.get("X-Huiying-Signature", "")
        inbound.check(body, stamp, signed, inbound.keys_of(slug), clock.real_now())
        rows = inbound.rows_of(body)
        with transaction.atomic():
            kept = inbound.accept(source, stamp, body, rows, now)
            audit.record("outside", "inbound.accepted", f"source:{source.pk}", now, batch=kept.pk, rows=kept.rows)
    except Refused as e:
        _audit(slug, e, now)
        return JsonResponse({"ok": False, "code": e.code, "error": str(e), **e.more}, status=e.status)
    except Error:
        # Locked or full: nothing was kept, and the sender is told to come again.
        busy = JsonResponse({"ok": False, "code": "busy", "error": "暂时不能写入，请稍后重发"}, status=503)
        busy["Retry-After"] = str(BUSY_S)
        return busy
    return JsonResponse({"ok": True, "batch": kept.pk, "rows": kept.rows}, status=202)


def _body(request: HttpRequest) -> bytes:
    """At most LONGEST bytes, however long it says it is. Raises Refused."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Refused("malformed", "不接受压缩的正文")
    said = request.headers.get("Content-Length", "")
    if said.isdecimal() and int(said) > LONGEST:
        raise Refused("too_large", f"正文超过 {LONGEST >> 20} MB；请分次推送")
    body = request.read(LONGEST + 1)
    if len(body) > LONGEST:
        raise Refused("too_large", f"正文超过 {LONGEST >> 20} MB；请分次推送")
    return body


def _audit(slug: str, e: Refused, now: datetime) -> None:
    recent = AuditEntry.objects.filter(action="inbound.refused", at__gt=now - timedelta(minutes=1))
    if recent.count() < REFUSALS_KEPT:
        subject = f"inbound:{hashlib.sha256(slug.encode()).hexdigest()[:16] if e.code == 'unknown' else slug}"
        audit.record("outside", "inbound.refused", subject[:120], now, code=e.code)
