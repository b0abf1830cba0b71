"""The token a source reads with: kept sealed, given out to be used, refused when Weibo no longer takes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from archive.models import Source
from crawlers.adapters.base import Unread
from crawlers.models import Token
from crawlers.sealed import Unreadable, seal, unseal
from crawlers.weibo.app import App, app_of
from crawlers.weibo.errors import AUTH
from crawlers.weibo.oauth import Grant


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a call is made with: the token of a user, or (a contract's older way) the application's number alone."""

    app: App
    token: str = ""
    uid: str = ""

    @property
    def headers(self) -> dict[str, str]:
        # In a header, never in the address: addresses stand in logs, of ours and of others.
        return {"Authorization": f"OAuth2 {self.token}"} if self.token else {}

    @property
    def params(self) -> dict[str, str]:
        return {} if self.token else {"source": self.app.key}

    @property
    def meter(self) -> str:
        """Whose calls are counted: Weibo counts per application and user."""
        return f"{self.app.key}:{self.uid}"

    def __repr__(self) -> str:
        return f"Access(app={self.app.prefix!r}, uid={self.uid!r})"


def keep(source: Source, grant: Grant, by: str, now: datetime) -> None:
    """Store a new token in the old one's place and have the source read at once."""
    with transaction.atomic():
        Token.objects.update_or_create(
            source=source,
            defaults={
                "sealed": seal(grant.token), "uid": grant.uid, "given_at": now, "given_by": by,
                "expires_at": grant.expires_at, "refusal": "",
            },
        )  # fmt: skip
        Source.objects.filter(pk=source.pk).update(authorised_until=grant.expires_at, next_run_at=now, failures=0)


def forget(source: Source) -> None:
    """A person takes the authorisation back: the token is gone from here."""
    with transaction.atomic():
        Token.objects.filter(source=source).delete()
        Source.objects.filter(pk=source.pk).update(authorised_until=None)


def refused(source: Source, said: str, now: datetime) -> None:
    """Weibo does not take the token any more, whatever its date says: it is never shown to it again."""
    with transaction.atomic():
        if Token.objects.filter(source=source, refusal="").update(refusal=said[:200]):
            Source.objects.filter(pk=source.pk).update(authorised_until=now)


def access_of(source: Source, now: datetime, *, app_alone: bool = False) -> Access:
    """What to call with now. `app_alone`: a contract may read with the AppKey where no user was authorised.

    Raises Unread: state off while there is nothing to read with, failing when what there was has ended.
    """
    app = app_of(source)
    if not app.key:
        raise Unread(f"未启用：缺少环境变量 {app.key_name}", state="off", code=AUTH)
    token = Token.objects.filter(source=source).first()
    if token is None:
        if app_alone:
            return Access(app=app)
        raise Unread("未启用：尚未授权，请在信源页点“授权”", state="off", code=AUTH)
    if token.refusal:
        raise Unread(f"授权已失效，请重新授权（{token.refusal}）", code=AUTH)
    if token.expires_at <= now:
        raise Unread(f"授权已于 {token.expires_at:%Y-%m-%d %H:%M} UTC 到期，请重新授权", code=AUTH)
    try:
        return Access(app=app, token=unseal(token.sealed), uid=token.uid)
    except Unreadable as e:
        raise Unread(f"保存的授权无法读取（{e}），请重新授权", code=AUTH) from e
