"""Message push (消息推送): the signatures, the safe mode's envelope and the XML inside (sources.md §2).

Plain mode signs the address only, not the body; safe mode signs and encrypts it. Whoever may choose should choose safe
mode, and an account that has an EncodingAESKey accepts nothing else. No clock, no tables: values in, values out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element, ParseError

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

WINDOW = timedelta(minutes=5)  # how old a signed push may be
LONGEST = 64 * 1024  # bytes of one push: a text message holds at most 2,048 characters
_BLOCK = 32  # the padding's block, not the cipher's
_WORDS = {
    "image": "（图片消息）", "voice": "（语音消息）", "video": "（视频消息）", "shortvideo": "（小视频消息）", "location": "（位置消息）",
    "link": "（链接消息）",
}  # fmt: skip


class PushRefused(Exception):
    """A push without effect. `code`: forged, expired, malformed."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Message:
    """One push. `number` is the same at every retry; the sender's openid is part of no field that is kept."""

    number: str
    kind: str  # text | image | … | event
    text: str  # what the letter says; for an event its name
    sent_at: datetime


def signature(*parts: str) -> str:
    """SHA-1 over the sorted parts, as WeChat signs both the address and the envelope."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def check(query: Mapping[str, str], token: str, now: datetime) -> None:
    """Raises PushRefused unless the holder of the token signed this address within WINDOW of `now` (real time)."""
    stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 12):
        raise PushRefused("malformed", "缺少时间戳")
    _compare(signature(token, stamp, nonce), query.get("signature", ""))
    if abs(now.timestamp() - int(stamp)) > WINDOW.total_seconds():
        raise PushRefused("expired", "时间戳超出五分钟，请核对双方时钟")


def read(body: bytes, query: Mapping[str, str], *, token: str, aes_key: str, appid: str) -> Message:
    """The message of a push whose address has been checked. Raises PushRefused."""
    if len(body) > LONGEST:
        raise PushRefused("malformed", "正文过长")
    root = _xml(body)
    sealed = _text(root, "Encrypt")
    if aes_key:
        if not sealed:
            raise PushRefused("forged", "已设为安全模式，不接受明文消息")
        _compare(signature(token, query["timestamp"], query.get("nonce", ""), sealed), query.get("msg_signature", ""))
        root = _xml(opened(sealed, aes_key, appid))
    elif sealed and root.find("MsgType") is None:
        raise PushRefused("malformed", "收到加密消息，但没有设置 EncodingAESKey")
    return _message(root)


def opened(sealed: str, aes_key: str, appid: str) -> bytes:
    """What an envelope holds: AES-256-CBC; 16 random bytes, length, message, appid. Raises PushRefused."""
    key = key_of(aes_key)
    try:
        data = base64.b64decode(sealed, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or len(data) % 16:
        raise PushRefused("malformed", "密文不完整")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    padding = plain[-1]
    if not 1 <= padding <= _BLOCK or len(plain) < padding + 20 or plain[-padding:] != bytes([padding]) * padding:
        raise PushRefused("forged", "密文与 EncodingAESKey 不符")
    plain = plain[16:-padding]
    length = int.from_bytes(plain[:4], "big")
    message, whose = plain[4 : 4 + length], plain[4 + length :]
    if len(message) != length or not hmac.compare_digest(whose, appid.encode()):
        raise PushRefused("forged", "密文不是给本公众号的")
    return message


def key_of(aes_key: str) -> bytes:
    """The 32 bytes behind the 43 characters of an EncodingAESKey. Raises PushRefused."""
    try:
        key = base64.b64decode(aes_key + "=")
    except (binascii.Error, ValueError):
        key = b""
    if len(aes_key) != 43 or len(key) != 32:
        raise PushRefused("forged", "EncodingAESKey 应为 43 个字母和数字")
    return key


def _compare(right: str, given: str) -> None:
    # As bytes: a query may hold anything, and comparing texts wants ASCII.
    if not hmac.compare_digest(right.encode(), given.encode(errors="replace")):
        raise PushRefused("forged", "签名不符")


def _xml(body: bytes) -> Element:
    """No document type, no entities, nothing fetched: defusedxml refuses them all."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as e:
        raise PushRefused("malformed", f"不是约定的 XML（{type(e).__name__}）") from None
    return root


def _text(root: Element, name: str) -> str:
    found = root.find(name)
    return (found.text or "").strip() if found is not None else ""


def _message(root: Element) -> Message:
    kind, sender, made = _text(root, "MsgType"), _text(root, "FromUserName"), _text(root, "CreateTime")
    if not kind or not sender or not (made.isascii() and made.isdecimal() and len(made) < 12):
        raise PushRefused("malformed", "缺少 MsgType、FromUserName 或 CreateTime")
    event = _text(root, "Event")
    # Events carry no MsgId: sender and instant stand for one, hashed, since an openid is never kept.
    number = _text(root, "MsgId") or hashlib.sha256(f"{sender}\0{made}\0{event}".encode()).hexdigest()[:32]
    said = {"text": _text(root, "Content"), "event": event, "voice": _text(root, "Recognition")}.get(kind, "")
    if kind == "link":
        said = "\n".join(t for t in (_text(root, "Title"), _text(root, "Description"), _text(root, "Url")) if t)
    text = "\n".join(part for part in (_WORDS.get(kind, ""), said) if part)
    return Message(number=number[:64], kind=kind, text=text or f"（{kind[:20]} 消息）", sent_at=datetime.fromtimestamp(int(made), UTC))
