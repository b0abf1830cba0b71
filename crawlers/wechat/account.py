"""Which account we are to WeChat, and where its interfaces stand: environment variables only.

The address is no field of a source: whoever could type one would be sent the account's secret.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from archive.models import Source
from config.settings import secret
from crawlers.variables import prefix_of

API = "https://api.weixin.qq.com"
USUAL = "HUIYING_WECHAT"  # begins the names of the variables; a second account has a beginning of its own


@dataclass(frozen=True, kw_only=True)
class Account:
    """One 公众号: the names of its variables; each secret is read at its use, so a changed one holds at once."""

    prefix: str

    @property
    def appid(self) -> str:
        return secret(f"{self.prefix}_APPID") or ""

    @property
    def appsecret(self) -> str:
        return secret(f"{self.prefix}_APPSECRET") or ""

    @property
    def token(self) -> str:
        """What signs message pushes (服务器配置 › Token)."""
        return secret(f"{self.prefix}_TOKEN") or ""

    @property
    def aes_key(self) -> str:
        """EncodingAESKey of the safe mode; "" = plain mode."""
        return secret(f"{self.prefix}_AES_KEY") or ""

    def missing(self, *names: str) -> list[str]:
        """The variables among PREFIX_NAME that are not set."""
        return [f"{self.prefix}_{n}" for n in names if not secret(f"{self.prefix}_{n}")]


def account_of(source: Source) -> Account:
    """The account of a source: options.variables names another beginning, for a second account of its own."""
    return Account(prefix=prefix_of(source, USUAL))


def api_base() -> str:
    return os.environ.get("HUIYING_WECHAT_API", API).rstrip("/")
