"""Inside the crawler child: one Scrapy engine kept open, fed from stdin, answering on stdout."""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from django.conf import settings
from scrapy.crawler import AsyncCrawlerProcess

from crawlers.spider import Report, SourceSpider

LIFE_S = 600.0
MEMORY_MB = 300


def user_agent() -> str:
    """Who we are and whom to call: HUIYING_CONTACT is the operator's address or telephone number."""
    contact = os.environ.get("HUIYING_CONTACT", "").strip()
    return f"Huiying/{version('huiying')} (police news centre public-opinion reader{'; ' + contact if contact else ''})"


def crawl_settings() -> dict[str, Any]:
    """Scrapy's settings as sources.md §5 wants them; what is not named there keeps Scrapy's default."""
    scrapys = "scrapy.downloadermiddlewares."
    return {
        "USER_AGENT": user_agent(),
        "ALLOW_PRIVATE_SOURCES": settings.ALLOW_PRIVATE_SOURCES,
        "DEFAULT_REQUEST_HEADERS": {"Accept-Language": "zh-CN,zh;q=0.9"},
        "DOWNLOADER_MIDDLEWARES": {
            "crawlers.politeness.AllowedAddress": 50,
            # Manners and Fetcher do these three, hop by hop.
            scrapys + "redirect.RedirectMiddleware": None,
            scrapys + "redirect.MetaRefreshMiddleware": None,
            scrapys + "robotstxt.RobotsTxtMiddleware": None,
            # A failed source is asked again at its next time, never at once: hosts.failed() keeps count.
            scrapys + "retry.RetryMiddleware": None,
            # Requests go where sources.toml says, not through a proxy named in the environment.
            scrapys + "httpproxy.HttpProxyMiddleware": None,
        },
        "DOWNLOAD_HANDLERS": {"file": None, "data": None, "ftp": None, "s3": None},
        "TWISTED_DNS_RESOLVER": "crawlers.resolver.GuardedResolver",
        # Requests that wait for their host's moment hold a place each: so many that none waits for another host.
        "CONCURRENT_REQUESTS": 200,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_DELAY": 0,  # Manners keeps the distance, across processes
        "DOWNLOAD_TIMEOUT": float(os.environ.get("HUIYING_DOWNLOAD_TIMEOUT") or 30.0),  # the whole answer, drip by drip
        "DOWNLOAD_MAXSIZE": 10 * 1024 * 1024,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DNS_TIMEOUT": 10,
        "HTTPERROR_ALLOW_ALL": True,
        "COOKIES_ENABLED": False,
        "REFERRER_POLICY": "no-referrer",
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "LOGSTATS_INTERVAL": 0,
        "LOG_INSTALL_ROOT_HANDLER": False,  # Django's logging writes to stderr
        "STATS_DUMP": False,
    }


def run() -> None:
    """Until stdin ends, or the child is old or big enough to be replaced; then what is under way is finished."""
    if not logging.getLogger().isEnabledFor(logging.INFO):
        logging.disable(logging.INFO)  # Scrapy sets its own loggers to DEBUG
    process = AsyncCrawlerProcess(crawl_settings())
    process.crawl(SourceSpider, listen=_listen, report=_answer)
    process.start()


def _answer(report: Report) -> None:
    sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _listen(put: Callable[[list[int] | None], object]) -> None:
    """Lines {"sources": [ids]}, then None. os.read, not sys.stdin: its lock would hang the interpreter's end."""
    born, rest = time.monotonic(), b""
    while chunk := os.read(0, 65536):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            put([int(i) for i in json.loads(line)["sources"]])
        if time.monotonic() - born > LIFE_S or _memory_mb() > MEMORY_MB:
            break  # lines that follow are sent again by the parent, to the next child
    put(None)


def _memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 1024 / 1024
