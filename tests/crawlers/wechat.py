"""WeChat as its documents describe it (sources.md §7.2), written apart from what the product reads it with: pushes, and the interfaces."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode
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


SECRET = "app-secret-of-the-bureau"
OVERLAP_S = 300.0


@dataclass
class Article:
    number: str
    title: str
    content: str
    updated: int
    deleted: bool = False

    def json(self, whole: bool) -> dict[str, object]:
        news = {
            "title": self.title, "author": "新闻中心", "digest": self.title, "content_source_url": "", "thumb_media_id": "t", "thumb_url": "",
            "need_open_comment": 1, "only_fans_can_comment": 0, "url": f"http://mp.weixin.qq.com/s?__biz=MzA&mid={self.number}&idx=1&sn=ab&chksm=1#rd",
            "is_deleted": self.deleted, **({"content": self.content} if whole else {}),
        }  # fmt: skip
        return {"article_id": self.number, "update_time": self.updated, "content": {"news_item": [news]}}


class WeChat:
    """A local api.weixin.qq.com: every error in HTTP 200, one token for all with its predecessor valid for a while."""

    def __init__(self) -> None:
        self.articles: list[Article] = []
        self.comments: dict[tuple[int, int], list[dict[str, object]]] = {}
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.refuse: dict[str, int | tuple[int, str]] = {}  # path -> errcode
        self.status: dict[str, int] = {}  # path -> HTTP status with a page that is no JSON
        self.lasts_s, self.slow_s = 7200, 0.0
        self.forced = 0
        self._n, self._valid = 1, {"token-1": float("inf")}
        self._lock = threading.Lock()
        wechat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                path, _, query = self.path.partition("?")
                payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                given = dict(parse_qsl(query)).get("access_token", "")
                status, body = wechat.answer(path, payload, given)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def env(self) -> dict[str, str]:
        return {"HUIYING_WECHAT_API": self.url, "HUIYING_WECHAT_APPID": APPID, "HUIYING_WECHAT_APPSECRET": SECRET}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def paths(self) -> list[str]:
        return [path.removeprefix("/cgi-bin/") for path, _ in self.asked]

    @property
    def token(self) -> str:
        return f"token-{self._n}"

    def rotate(self, *, overlap_s: float = OVERLAP_S) -> None:
        """A new token, by whoever asked for it; the old one holds a little longer."""
        self._valid[self.token] = time.monotonic() + overlap_s
        self._n += 1
        self._valid[self.token] = float("inf")

    def answer(self, path: str, payload: dict[str, object], token: str) -> tuple[int, bytes]:
        with self._lock:
            self.asked.append((path, payload))
        if path in self.status:
            return self.status[path], b"<html>bad gateway</html>"
        refused = self.refuse.get(path)
        if refused:
            code, words = refused if isinstance(refused, tuple) else (refused, "refused rid: 66aa-1")
            return 200, json.dumps({"errcode": code, "errmsg": words}).encode()
        work = {"/cgi-bin/stable_token": self._stable_token, "/cgi-bin/freepublish/batchget": self._articles, "/cgi-bin/comment/list": self._comments}[path]
        if path != "/cgi-bin/stable_token" and self._valid.get(token, 0) <= time.monotonic():
            return 200, b'{"errcode":40001,"errmsg":"invalid credential, access_token is invalid or not latest rid: 1"}'
        return 200, json.dumps(work(payload), ensure_ascii=False).encode()

    def _stable_token(self, payload: dict[str, object]) -> dict[str, object]:
        time.sleep(self.slow_s)
        if payload["appid"] != APPID or payload["secret"] != SECRET or payload["grant_type"] != "client_credential":
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        with self._lock:
            if payload.get("force_refresh"):
                self.forced += 1
                self.rotate()
        return {"access_token": self.token, "expires_in": self.lasts_s}

    def _articles(self, payload: dict[str, object]) -> dict[str, object]:
        offset, count = int(str(payload["offset"])), int(str(payload["count"]))
        if not 1 <= count <= 20:
            return {"errcode": 40097, "errmsg": "invalid args"}
        found = sorted(self.articles, key=lambda a: -a.updated)
        page = [a.json(not payload.get("no_content")) for a in found[offset : offset + count]]
        return {"total_count": len(found), "item_count": len(page), "item": page}

    def _comments(self, payload: dict[str, object]) -> dict[str, object]:
        begin, count = int(str(payload["begin"])), int(str(payload["count"]))
        if count >= 50 or count <= 0:
            return {"errcode": 88010, "errmsg": "count range error. cnt <= 0 or cnt > 50"}
        found = self.comments.get((int(str(payload["msg_data_id"])), int(str(payload.get("index", 0)))))
        if found is None:
            return {"errcode": 88001, "errmsg": "msg_data is not exists"}
        return {"errcode": 0, "errmsg": "ok", "total": len(found), "comment": found[begin : begin + count]}


def comment(number: int, said: str, at: int, **more: object) -> dict[str, object]:
    return {"user_comment_id": number, "openid": f"oReader{number % 7}", "create_time": at, "content": said, "comment_type": 0, **more}
