"""Reaching Elasticsearch: who we are, whom we trust, and what its errors mean to the person who must mend them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from elastic_transport import ConnectionError, ConnectionTimeout, TlsError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError

from archive.months import IndexMissing, IndexUnreachable
from archive.server import Server

OLDEST = (8, 0)
TIMEOUT_S = 30.0


def connect(what: Server) -> Elasticsearch:
    """A client that tries each node and, once more, what timed out. No request is made yet."""
    login: dict[str, Any] = {"api_key": what.api_key} if what.api_key else {}
    if what.user and what.password:
        login = {"basic_auth": (what.user, what.password)}
    trusted: dict[str, Any] = {"ca_certs": what.ca} if what.ca else {}
    return Elasticsearch(
        list(what.urls), request_timeout=TIMEOUT_S, max_retries=2, retry_on_timeout=True, **login, **trusted
    )


@contextmanager
def told(what: Server) -> Iterator[None]:
    """Every error of the client as a SearchUnavailable whose message says what is wrong and what helps."""
    where = what.shown
    try:
        yield
    except TlsError as e:
        hint = "请用 ELASTICSEARCH_CA 指定签发它的 CA 证书" if "verify" in str(e).lower() else "请核对 https 与证书"
        raise IndexUnreachable(f"不信任检索服务器（{where}）的证书：{hint}") from e
    except ConnectionTimeout as e:
        raise IndexUnreachable(f"检索服务器（{where}）没有及时回答：可能过载或断网") from e
    except ConnectionError as e:
        raise IndexUnreachable(f"连不上检索服务器（{where}）：请看它是否在运行、地址和网络是否正确") from e
    except UnsupportedProductError as e:
        raise IndexUnreachable(f"{where} 不是 Elasticsearch，或版本太旧：本程序支持 8 和 9") from e
    except ApiError as e:
        raise _meaning(e, where) from e


def check_version(client: Elasticsearch, what: Server) -> str:
    """The oldest node's version. Raises IndexUnreachable when it is too old."""
    # `GET /` is not there on every distribution; the nodes know their version too.
    nodes = client.nodes.info(filter_path="nodes.*.version")["nodes"].values()
    oldest = min((node["version"] for node in nodes), key=lambda v: tuple(int(n) for n in v.split("-")[0].split(".")))
    if tuple(int(n) for n in oldest.split("-")[0].split(".")[:2]) < OLDEST:
        raise IndexUnreachable(f"检索服务器是 Elasticsearch {oldest}，版本太旧：本程序支持 8 和 9，请升级")
    return str(oldest)


def _meaning(error: ApiError, where: str) -> Exception:
    status, text = error.status_code, str(error)
    if status == 401:
        return IndexUnreachable(f"检索服务器（{where}）不接受登录：请核对 API key 或用户名和密码")
    if "read-only" in text or "disk usage exceeded" in text or "FORBIDDEN/12" in text:
        return IndexUnreachable("检索服务器磁盘已满，索引被设为只读：请清理磁盘；信息在数据库里等待，没有丢失")
    if status == 403:
        return IndexUnreachable(f"检索服务器（{where}）的账号权限不足：所需的角色见 docs/elasticsearch.md（{_reason(error)}）")
    if status == 404:
        return IndexMissing("检索库还没有建立")
    if status in (400, 406) and "compatible-with" in text:
        return IndexUnreachable(f"检索服务器（{where}）版本太旧：本程序支持 Elasticsearch 8 和 9")
    if status == 429:
        return IndexUnreachable("检索服务器忙不过来（429）：稍后自动再试")
    if status >= 500:
        return IndexUnreachable(f"检索集群现在不能完整回答（集群状态可能是 red，缺分片）：{_reason(error)}")
    return IndexUnreachable(f"检索服务器拒绝了请求（{status}）：{_reason(error)}")


def _reason(error: ApiError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    cause = body.get("error")
    if isinstance(cause, dict):
        inner = (cause.get("root_cause") or [cause])[0]
        return f"{inner.get('type')}: {str(inner.get('reason'))[:200]}"
    return str(cause or error.message)[:200]
