"""How each kind of source is read. A kind that is not named here is not asked: it is brought to us."""

from __future__ import annotations

import importlib
from typing import cast

from archive.models import Source
from crawlers.adapters.base import Adapter

# Kind -> module in this package with an `async def read`. Imported on use: the crawler child must start fast.
ADAPTERS: dict[Source.Kind, str] = {
    Source.Kind.FEED: "feed",
    Source.Kind.SITE: "site",
    Source.Kind.WEIBO: "weibo",
    Source.Kind.WEIBO_SEARCH: "weibo_search",
    Source.Kind.WEIBO_PUSH: "weibo_push",
    Source.Kind.WECHAT: "wechat",
}
# Open all day in processes of their own (crawlers/receivers.py): read here only when somebody asks for it.
STREAMED = frozenset((Source.Kind.WEIBO_PUSH,))


def adapter(kind: str) -> Adapter:
    """The module that reads this kind. Raises KeyError for a kind nobody asks."""
    return cast(Adapter, importlib.import_module(f"crawlers.adapters.{ADAPTERS[Source.Kind(kind)]}"))
