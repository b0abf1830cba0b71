"""/callbacks/slack/ and /callbacks/receipt/: signed by the platform or the gateway, so without log-in and form token."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from alerts.channels.base import DeliveryFailed, reveal
from config import clock
from console.policy import policy
from flow import callbacks, handling
from flow.callbacks import Refused

LONGEST = 64 * 1024


@csrf_exempt
@require_POST
def slack(request: HttpRequest) -> HttpResponse:
    """A click on a button, by signed HTTP. Answered within Slack's three seconds: nothing is sent from here."""
    try:
        body = _checked(request, "slack", "signing_secret", "X-Slack-Request-Timestamp", "X-Slack-Signature")
        callbacks.slack_click(_payload(body), clock.now())
    except Refused as e:
        return _refused(request, e)
    return HttpResponse()


@csrf_exempt
@require_POST
def receipt(request: HttpRequest) -> HttpResponse:
    """What became of a message that a gateway took (channels/webhook.py)."""
    try:
        body = _checked(request, "webhook", "secret", "X-Huiying-Timestamp", "X-Huiying-Signature")
        callbacks.receipt(body, policy().ladder, clock.now())
    except Refused as e:
        return _refused(request, e)
    return JsonResponse({"ok": True})


def _checked(request: HttpRequest, channel: str, option: str, stamp: str, signed: str) -> bytes:
    """The body, when its signature is right. Raises Refused; a channel that hears nothing refuses everything."""
    settings = policy().ladder.channels.get(channel)
    try:
        secret = reveal(settings.options[option]) if settings else ""
    except DeliveryFailed:
        secret = ""
    if not secret:
        raise Refused("forged", "此回调未启用")
    try:
        body = request.body
    except RequestDataTooBig:
        raise Refused("malformed", "正文过长") from None
    if len(body) > LONGEST:
        raise Refused("malformed", "正文过长")
    check = callbacks.check_slack if channel == "slack" else callbacks.check_report
    check(body, request.headers.get(stamp, ""), request.headers.get(signed, ""), secret)
    return body


def _payload(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(parse_qs(body.decode())["payload"][0])
    except (ValueError, KeyError):
        found = None
    if not isinstance(found, dict):
        raise Refused("malformed", "不是约定的格式")
    return found


def _refused(request: HttpRequest, e: Refused) -> HttpResponse:
    handling.refused_from_outside(e.code, request.headers.get("X-Huiying-Signature", request.path), clock.now())
    return JsonResponse({"ok": False, "code": e.code, "error": str(e)}, status=e.status)
