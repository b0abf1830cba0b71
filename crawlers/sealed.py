"""Tokens that we were given at run time, kept encrypted: readable only with the key of this installation."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class Unreadable(Exception):
    """It was sealed under another key (HUIYING_SECRET_KEY has changed), or is damaged."""


def seal(text: str) -> str:
    """Encrypted and signed, for a column of the database."""
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed. Raises Unreadable."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except (InvalidToken, ValueError) as e:
        raise Unreadable("密钥已更换或数据损坏") from e


def _box() -> Fernet:
    # A key of its own, derived: what else the installation's key signs tells nothing of it.
    key = hmac.new(settings.SECRET_KEY.encode(), b"huiying: tokens at rest", hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))
