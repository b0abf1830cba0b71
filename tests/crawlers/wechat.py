"""WeChat as its documents describe it: a platform that pushes messages, written apart from what the product reads them with."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
from dataclasses import dataclass, field
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from config.clock import real_now

APPID, TOKEN = "wx0123456789abcdef", "push-token-of-the-bureau"
AES_KEY = base64.b64encode(bytes(range(7, 39))).decode().rstrip("=")
OPENID = "oABCD1234567890abcdefghijklm"


@dataclass
class Pusher:
    """Makes the (path query, body) of a push, as WeChat sends it to `path`."""

    path: str
    token: str = TOKEN
    aes_key: str = ""
    appid: str = APPID
    numbers: list[int] = field(default_factory=lambda: [24_000_000_000_000_001])

    def query(self, *, at: float | None = None, nonce: str = "", **more: str) -> dict[str, str]:
        stamp = str(int(real_now().timestamp() if at is None else at))
        nonce = nonce or str(int.from_bytes(os.urandom(4), "big"))
        return {"signature": sha(self.token, stamp, nonce), "timestamp": stamp, "nonce": nonce, "openid": OPENID, **more}

    def text(self, said: str, *, number: int = 0, sent: float | None = None, kind: str = "text", more: str = "") -> bytes:
        """The inner XML of one message; its number is a new one unless given."""
        if not number:
            self.numbers.append(self.numbers[-1] + 1)
            number = self.numbers[-1]
        made = int(real_now().timestamp() if sent is None else sent)
        inner = more or f"<Content><![CDATA[{said}]]></Content>"
        return (
            f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[{OPENID}]]></FromUserName>"
            f"<CreateTime>{made}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>{inner}<MsgId>{number}</MsgId></xml>"
        ).encode()

    def event(self, name: str, *, sent: float | None = None) -> bytes:
        made = int(real_now().timestamp() if sent is None else sent)
        return (
            f"<xml><ToUserName>gh_1</ToUserName><FromUserName>{OPENID}</FromUserName><CreateTime>{made}</CreateTime>"
            f"<MsgType>event</MsgType><Event>{escape(name)}</Event></xml>"
        ).encode()

    def push(self, inner: bytes, **query: object) -> tuple[str, bytes]:
        """The address with its query, and the body: sealed when there is an EncodingAESKey."""
        asked = self.query(**query)  # type: ignore[arg-type]
        if not self.aes_key:
            return f"{self.path}?{urlencode(asked)}", inner
        sealed = seal(inner, self.aes_key, self.appid)
        asked |= {"encrypt_type": "aes", "msg_signature": sha(self.token, asked["timestamp"], asked["nonce"], sealed)}
        body = f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        return f"{self.path}?{urlencode(asked)}", body.encode()


def sha(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def seal(message: bytes, aes_key: str, appid: str) -> str:
    key = base64.b64decode(aes_key + "=")
    padder = padding.PKCS7(256).padder()
    plain = os.urandom(16) + struct.pack(">I", len(message)) + message + appid.encode()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()).decode()
