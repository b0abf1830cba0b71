"""An imitation of Weibo's interfaces on loopback (sources.md §7.1), for tests and for the bench of the push stream.

`python -m bench.weibo RATE COUNT` pushes COUNT records at RATE a second from the moment somebody listens, and prints
its port. Whoever uses it in a test sets its knobs: what was posted and deleted, quota, errors, which tokens are good.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

Json = Any
DAYS, MONTHS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FIRST_ID = 5_100_000_000_000_000  # above 2^52, as real ones are
GONE_TEXT = "此微博已被原作者删除。"


def created(at: datetime) -> str:
    at = at.astimezone(UTC) + timedelta(hours=8)
    return f"{DAYS[at.weekday()]} {MONTHS[at.month - 1]} {at.day:02d} {at:%H:%M:%S} +0800 {at.year}"


def status(number: int, text: str, at: datetime, **more: Json) -> dict[str, Json]:
    """A STATUS of sources.md §1.4."""
    user = {
        "id": 1_700_000_000 + number % 1000, "screen_name": f"用户{number % 1000}", "followers_count": 1500,
        "verified": False, "verified_type": -1, "gender": "m", "location": "陕西 西安", "description": "热爱生活",
        "profile_image_url": "https://tvax1.sinaimg.cn/x.jpg", "created_at": "Tue May 31 17:46:55 +0800 2011",
    }  # fmt: skip
    return {
        "created_at": created(at), "id": number, "idstr": str(number), "mid": str(number), "text": text,
        "source": '<a href="http://weibo.com" rel="nofollow">微博网页版</a>', "favorited": False, "truncated": False,
        "reposts_count": 0, "comments_count": 0, "attitudes_count": 0, "pic_urls": [], "geo": None, "user": user,
    } | more  # fmt: skip


def comment(number: int, text: str, at: datetime, under: Json, **more: Json) -> dict[str, Json]:
    who = {"id": 1_800_000_000 + number % 1000, "screen_name": f"网友{number % 1000}", "followers_count": 80, "verified": False}
    return {"created_at": created(at), "id": number, "mid": str(number), "text": text, "user": who, "status": under} | more


def placeholder(number: int) -> dict[str, Json]:
    """What show_batch says of a deleted post: number and sentence, everything else null."""
    return {**dict.fromkeys(status(0, "", datetime.now(UTC))), "id": number, "idstr": str(number), "text": GONE_TEXT}


@dataclass
class Asked:
    path: str
    params: dict[str, str]
    authorization: str


@dataclass
class Weibo:
    """The server and its knobs. Lists are kept newest last; every list is served by since_id, max_id and page."""

    idle_s: float = 5.0  # silence after which a push connection is closed
    life_s: float = 300.0
    quota: int = 10**9  # calls a day and token
    tokens: set[str] = field(default_factory=lambda: {"good-token"})
    codes: set[str] = field(default_factory=lambda: {"good-code"})
    secret: str = "app-secret"
    uid: str = "2000000001"
    expires_in: Json = "2592000"  # a text, as the page of 2022 shows it
    code_as_text: bool = False  # error codes come as either
    lists: dict[str, list[Json]] = field(default_factory=dict)  # path -> entries
    deleted: set[int] = field(default_factory=set)
    fail: dict[str, tuple[int, Json]] = field(default_factory=dict)  # path -> (status, body); before everything else
    asked: list[Asked] = field(default_factory=list)
    subids: set[str] = field(default_factory=lambda: {"1"})
    records: list[tuple[int, bytes]] = field(default_factory=list)  # (stream id, one JSON)
    connections: int = 0
    listened: threading.Event = field(default_factory=threading.Event)

    calls: dict[str, int] = field(default_factory=dict)  # by token

    def reset(self) -> None:
        """Every knob as it was at the start."""
        for one in fields(self):
            setattr(self, one.name, one.default if one.default_factory is MISSING else one.default_factory())

    def __post_init__(self) -> None:
        self.grown = threading.Condition()
        weibo = self

        class Handler(_Handler):
            world = weibo

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def env(self) -> dict[str, str]:
        """What a service needs to read from here."""
        return {
            "HUIYING_WEIBO_API": self.url, "HUIYING_WEIBO_BUSINESS_API": self.url, "HUIYING_WEIBO_APP_KEY": "100200300",
            "HUIYING_WEIBO_APP_SECRET": self.secret,
        }  # fmt: skip

    def push(self, stream_id: int, what: Json, kind: str = "status", event: str = "add") -> None:
        record = {"id": stream_id, "text": {"type": kind, "event": event, kind: what}}
        self.push_raw(stream_id, json.dumps(record, ensure_ascii=False).encode())

    def push_raw(self, stream_id: int, line: bytes) -> None:
        with self.grown:
            self.records.append((stream_id, line))
            self.grown.notify_all()

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def error(self, code: int, text: str, status: int = 400) -> tuple[int, Json]:
        return status, {"error": text, "error_code": str(code) if self.code_as_text else code, "request": "/2/"}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    world: Weibo
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer({k: v[0] for k, v in parse_qs(body.decode()).items()})

    def _answer(self, form: dict[str, str]) -> None:
        parts = urlsplit(self.path)
        params = {k: v[0] for k, v in parse_qs(parts.query).items()} | form
        asked = Asked(parts.path, params, self.headers.get("Authorization", ""))
        self.world.asked.append(asked)
        if parts.path == "/oauth2/authorize":
            self._redirect(params)
        elif (trouble := self._refused(asked)) is not None:
            self._json(*trouble)
        elif parts.path.endswith("commercial/push.json"):
            self._stream(params)
        else:
            self._json(*ROUTES.get(parts.path, _listing)(self.world, asked))

    def _refused(self, asked: Asked) -> tuple[int, Json] | None:
        """Errors that come before the interface itself: a planted one, no token, a bad one, the day's quota."""
        world = self.world
        if asked.path in world.fail:
            return world.fail[asked.path]
        if asked.path == "/oauth2/access_token":
            return None
        token = asked.authorization.removeprefix("OAuth2 ") or asked.params.get("access_token", "")
        if not token and not asked.params.get("source"):
            commercial = asked.path.endswith("biz.json") or "limited" in asked.path or "commercial" in asked.path
            return world.error(21301, "auth by Null spi!", 403) if commercial else world.error(10006, "source paramter is missing")
        if token and token not in world.tokens:
            return world.error(21332, "access_token is invalid!", 401)
        world.calls[token] = world.calls.get(token, 0) + 1
        if world.calls[token] > world.quota:
            return world.error(10023, "User requests out of rate limit!", 403)
        return None

    def _redirect(self, params: dict[str, str]) -> None:
        self.send_response(302)
        back = {"code": next(iter(self.world.codes), ""), "state": params.get("state", "")}
        self.send_header("Location", f"{params['redirect_uri']}?{urlencode(back)}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, code: int, body: Json) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json;charset=UTF-8")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(raw)

    def _stream(self, params: dict[str, str]) -> None:
        world = self.world
        if params.get("subid") not in world.subids:
            self._json(403, {"error": "Ip is limited"})
            return
        world.connections += 1
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(OSError):
            for line in self._records(params.get("since_id")):
                self.wfile.write(f"{len(line) + 2:x}\r\n".encode() + line + b"\r\n\r\n")
            self.wfile.write(b"0\r\n\r\n")

    def _records(self, since: str | None) -> Iterator[bytes]:
        """Records after `since` (absent: the newest hundred), then what comes, until silence or old age."""
        world, born = self.world, time.monotonic()
        with world.grown:
            at = max(0, len(world.records) - 100)
            if since is not None:
                at = next((n for n, (i, _) in enumerate(world.records) if i > int(since)), len(world.records))
        world.listened.set()
        while time.monotonic() - born < world.life_s:
            with world.grown:
                if not world.grown.wait_for(partial(self._more, at), world.idle_s):
                    return
                fresh = [line for _, line in world.records[at : at + 200]]
            at += len(fresh)
            yield from fresh

    def _more(self, at: int) -> bool:
        return len(self.world.records) > at

    def log_message(self, *args: object) -> None:
        pass


def _token(world: Weibo, asked: Asked) -> tuple[int, Json]:
    form = asked.params
    if form.get("client_secret") != world.secret:
        return world.error(21324, "client_id or client_secret invalid")
    if form.get("grant_type") != "authorization_code" or form.get("code") not in world.codes:
        return world.error(21325, "invalid_grant")
    world.codes.discard(form["code"])
    return 200, {"access_token": next(iter(world.tokens)), "remind_in": "0", "expires_in": world.expires_in, "uid": world.uid}


def _listing(world: Weibo, asked: Asked) -> tuple[int, Json]:
    """A list that grows at its top. max_id is included, as Weibo's is: whoever passes the last id gets it twice."""
    path = asked.path.removeprefix("/2/").removesuffix(".json")
    if path not in world.lists:
        return world.error(10020, "request api not found!", 404)
    name = "comments" if path.startswith("comments/") else "statuses"
    since, most = int(asked.params.get("since_id", 0)), int(asked.params.get("max_id", 0))
    count, page = int(asked.params.get("count", 50)), int(asked.params.get("page", 1))
    found = [e for e in reversed(world.lists[path]) if e["id"] > since and (not most or e["id"] <= most)]
    shown = found[(page - 1) * count : page * count]
    rest = found[page * count :]
    return 200, {name: shown, "previous_cursor": 0, "next_cursor": rest[0]["id"] if rest else 0, "total_number": len(found)}


def _search(world: Weibo, asked: Asked) -> tuple[int, Json]:
    """Results between starttime and endtime by time; at most 1000 can be had, the total is told all the same."""
    q, count, page = asked.params["q"], min(int(asked.params.get("count", 10)), 50), int(asked.params.get("page", 1))
    start, end = int(asked.params.get("starttime", 0)), int(asked.params.get("endtime", 2**40))
    found = [e for e in reversed(world.lists.get("search", [])) if q in e["text"] and start <= _seconds(e) <= end]
    cut = [e if len(e["text"]) <= 140 else e | {"text": e["text"][:140], "isLongText": True} for e in found]
    return 200, {"statuses": cut[:1000][(page - 1) * count : page * count], "total_number": len(found)}


def _seconds(entry: Json) -> int:
    _, month, day, clock, _, year = entry["created_at"].split()
    at = datetime.fromisoformat(f"{year}-{MONTHS.index(month) + 1:02d}-{int(day):02d}T{clock}+08:00")
    return int(at.timestamp())


def _all(world: Weibo) -> dict[int, Json]:
    return {e["id"]: e for path, entries in world.lists.items() if not path.startswith("comments/") for e in entries}


def _count(world: Weibo, asked: Asked) -> tuple[int, Json]:
    ids = [int(i) for i in asked.params["ids"].split(",")]
    known = _all(world)
    return 200, [
        {"id": str(i), "reposts": known[i]["reposts_count"], "comments": str(known[i]["comments_count"]), "attitudes": known[i]["attitudes_count"]}
        for i in ids
        if i in known and i not in world.deleted
    ]  # fmt: skip


def _show(world: Weibo, asked: Asked) -> tuple[int, Json]:
    number = int(asked.params["id"])
    if number in world.deleted or number not in _all(world):
        return world.error(20101, "target weibo does not exist!")
    return 200, _all(world)[number]


def _show_batch(world: Weibo, asked: Asked) -> tuple[int, Json]:
    ids, known = [int(i) for i in asked.params["ids"].split(",")][:50], _all(world)
    found = [placeholder(i) if i in world.deleted else known[i] for i in ids if i in known]
    whole = [e | {"longText": {"longTextContent": e["text"]}} if len(str(e["text"])) > 140 else e for e in found]
    return (200, {"statuses": whole}) if whole else world.error(20101, "target weibo does not exist!")


ROUTES: dict[str, Callable[[Weibo, Asked], tuple[int, Json]]] = {
    "/oauth2/access_token": _token,
    "/2/search/statuses/limited.json": _search,
    "/2/statuses/count.json": _count,
    "/2/statuses/show.json": _show,
    "/2/statuses/show_batch/biz.json": _show_batch,
}


def main() -> None:
    rate, count = float(sys.argv[1]), int(sys.argv[2])
    weibo = Weibo(idle_s=5.0)
    sys.stdout.write(f"{weibo.url}\n")
    sys.stdout.flush()
    weibo.listened.wait()
    began = time.monotonic()
    for n in range(1, count + 1):
        if (ahead := began + n / rate - time.monotonic()) > 0:
            time.sleep(ahead)
        text = f"第{n}条：西安市民反映路口红绿灯故障，希望交警尽快处理，已有{n}人关注。"
        weibo.push(n, status(FIRST_ID + n, text, datetime.now(UTC)))
    sys.stdin.read()  # serves replays until whoever started it closes this


if __name__ == "__main__":
    main()
