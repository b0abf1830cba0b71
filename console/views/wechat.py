"""/callbacks/wechat/ID/: what WeChat pushes to the bureau's own account; signed by WeChat, so without log-in and form token."""

from __future__ import annotations

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from archive.models import Source
from config import clock
from config.clock import real_now
from config.door import ConfigError
from console.policy import policy
from crawlers.wechat import push
from crawlers.wechat.account import Account, account_of
from crawlers.wechat.push import PushRefused
from flow import handling, pushed


@csrf_exempt
@require_http_methods(["GET", "POST"])
def receive(request: HttpRequest, source_id: int) -> HttpResponse:
    """GET: WeChat verifies the address. POST: one message; "success" at once, for nothing is sent or fetched from here."""
    source = Source.objects.filter(pk=source_id, kind=Source.Kind.WECHAT).first()
    if source is None:
        raise Http404("没有这个公众号信源")
    query = request.GET.dict()
    try:
        account = account_of(source)
        _check(account, query)
        if request.method == "GET":
            return _plain(query.get("echostr", "")[:200])
        _take(request, source, account, query)
    except PushRefused as e:
        code, said = e.code, str(e)
    except pushed.Replayed:
        code, said = "replayed", "此签名已用于另一条消息"
    else:
        return _plain("success")
    handling.refused_from_outside(code, query.get("signature", "") or request.path, clock.now())
    return _plain(said, status={"malformed": 400, "replayed": 409}.get(code, 401))


def _check(account: Account, query: dict[str, str]) -> None:
    try:
        token = account.token
    except ConfigError:
        token = ""  # its text would name a path
    if not token:
        raise PushRefused("forged", "此推送地址未启用")
    push.check(query, token, real_now())


def _take(request: HttpRequest, source: Source, account: Account, query: dict[str, str]) -> None:
    if not source.enabled:
        raise PushRefused("forged", "信源未启用")
    try:
        body = request.body
    except (RequestDataTooBig, UnreadablePostError):
        raise PushRefused("malformed", "正文过长或没有传完") from None
    try:
        message = push.read(body, query, token=account.token, aes_key=account.aes_key, appid=account.appid)
    except ConfigError:
        raise PushRefused("forged", "此推送地址未启用") from None
    pushed.take(
        source, number=message.number, kind=message.kind, text=message.text, sent_at=message.sent_at,
        signed=query["signature"], policy=policy(), now=clock.now(),
    )  # fmt: skip


def _plain(text: str, status: int = 200) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
