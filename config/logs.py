"""What a log line may never hold: tokens and secrets in addresses (WeChat takes its access_token nowhere else)."""

from __future__ import annotations

import logging
import re

_SECRETS = re.compile(r"((?:access_|refresh_)?token|(?:app)?secret)=[^&\s\"'>]+", re.I)


def without_secrets(text: str) -> str:
    """The text with the values of such parameters as ***."""
    return _SECRETS.sub(r"\1=***", text)


class WithoutSecrets(logging.Filter):
    """On the handler, so that whatever a library logs passes through it."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if "=" in text and (clean := without_secrets(text)) != text:
            record.msg, record.args = clean, None
        return True
