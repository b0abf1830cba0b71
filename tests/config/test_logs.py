"""No log line and no reason of a failed reading holds a token."""

from __future__ import annotations

import logging

from config.logs import WithoutSecrets, without_secrets
from crawlers.adapters.base import Unread

URL = "https://api.weixin.qq.com/cgi-bin/comment/list?access_token=71_abcDEF-_x&begin=0"


def test_tokens_and_secrets_in_addresses_are_struck_out():
    assert without_secrets(f"POST <{URL}> (referer: None)") == f"POST <{URL.replace('71_abcDEF-_x', '***')}> (referer: None)"
    assert without_secrets("appid=wx1&secret=s3cr3t") == "appid=wx1&secret=***"
    assert without_secrets("token 71 of the drawing; begin=0") == "token 71 of the drawing; begin=0"


def test_what_a_library_logs_passes_the_filter_with_its_arguments():
    record = logging.LogRecord("scrapy", logging.DEBUG, __file__, 1, "Crawled (%d) <POST %s>", (200, URL), None)
    assert WithoutSecrets().filter(record) and "71_abc" not in record.getMessage() and "Crawled (200)" in record.getMessage()
    plain = logging.LogRecord("x", logging.INFO, __file__, 1, "a=%s", (1,), None)
    assert WithoutSecrets().filter(plain) and plain.args == (1,)


def test_the_reason_of_a_failed_reading_holds_no_token():
    assert "71_abc" not in str(Unread(f"下载失败：{URL}")) and "71_abc" not in Unread(f"下载失败：{URL}").said
