"""Elasticsearch as the engine, on a real server: months, moving, rebuilding, and what its errors say."""

from __future__ import annotations

import ssl
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from archive import indexing, search
from archive.elastic import Elastic
from archive.elastic_client import connect
from archive.models import Change, IndexState, Post
from archive.months import IndexMissing, IndexUnreachable
from archive.query import Filter, Text
from archive.results import Page
from archive.server import Server, server
from config.door import ConfigError
from tests.archive.conftest import NOON, document, documents


def at(engine: Elastic):
    """The client and the indices behind an engine."""
    with engine._asked() as made:
        return made


@pytest.mark.elasticsearch
def test_posts_are_indexed_by_month_moved_deleted_and_found(elasticsearch, add_post):
    with pytest.raises(IndexMissing):
        elasticsearch.counts()
    posts = [add_post("西安警方通报", at=NOON - timedelta(days=30 * n)) for n in range(3)]
    assert indexing.drain(documents) == 3
    names = at(elasticsearch)[1].serving()
    assert sorted(n.rpartition("-")[2] for n in names) == ["2024.03", "2024.04", "2024.05"]
    assert [h.post_id for h in search.search("西安").hits] == [p.id for p in posts]
    Post.objects.filter(id=posts[0].id).update(published_at=NOON - timedelta(days=60), body="改过的西安")
    Post.objects.filter(id=posts[1].id).update(withdrawn_at=NOON)
    Change.objects.bulk_create([Change(post=posts[0]), Change(post=posts[1])])
    indexing.drain(documents)
    assert elasticsearch.counts() == {"2024-03": 2, "2024-04": 0, "2024-05": 0}
    assert search.search("改过").total == 1
    assert indexing.compare(documents) == []


@pytest.mark.elasticsearch
def test_a_rebuild_serves_follows_and_swaps(elasticsearch, add_post, monkeypatch):
    monkeypatch.setattr(indexing, "SLICE", 10)
    first = [add_post("警方旧", at=NOON + timedelta(minutes=i)) for i in range(30)]
    indexing.drain(documents)
    before = at(elasticsearch)[1].serving()
    seen: list[int] = []

    def slow(ids):
        if len(seen) == 1:
            add_post("警方新")
            Post.objects.filter(id=first[0].id).update(body="警方改")
            Change.objects.create(post=first[0])
        seen.append(search.search("警方").total)
        return documents(ids)

    assert indexing.rebuild(slow) == 31
    assert min(seen) == 30 and seen[-1] == 31
    assert search.search("警方改").total == 1
    assert not set(before) & set(at(elasticsearch)[1].serving())
    assert indexing.compare(documents) == []


@pytest.mark.elasticsearch
def test_a_rebuild_that_fails_leaves_the_old_index_and_no_rubbish(elasticsearch, add_post):
    add_post("警方")
    indexing.drain(documents)

    def dies(ids):
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        indexing.rebuild(dies)
    assert search.search("警方").total == 1
    client, indices = at(elasticsearch)
    assert list(client.indices.get(index=f"{indices.alias}-*")) == indices.serving()


@pytest.mark.elasticsearch
def test_what_people_type_is_never_the_engines_syntax(elasticsearch):
    elasticsearch.add([document(1, 'title:* OR _exists_:body {"match_all":{}} 西安')])
    elasticsearch.commit()
    for text in ("*:*", '{"match_all": {}}', "_exists_ body", "西安) OR (x", "\x00西安", 'a" OR "b'):
        found = elasticsearch.search(Text(text), Filter(), Page(facets=()))
        assert found.total <= 1
    assert elasticsearch.search(Text("match_all"), Filter(), Page(facets=())).total == 1


@pytest.mark.elasticsearch
def test_wrong_authority_wrong_password_and_foreign_indices_are_told(elasticsearch, tmp_path, monkeypatch):
    right = elasticsearch.server

    def says(**changed) -> str:
        known = {n: getattr(right, n) for n in ("urls", "ca", "user", "password", "prefix")} | changed
        with pytest.raises(IndexUnreachable) as e:
            Elastic(Server(**known)).add([document(1, "西安")])
        return str(e.value)

    other = tmp_path / "other.crt"
    other.write_text(ssl.get_server_certificate(_address(right)))  # the node's own certificate is no authority
    assert "ELASTICSEARCH_CA" in says(ca=None)
    assert "证书" in says(ca=str(other)) or "CA" in says(ca=str(other))
    assert "不接受登录" in says(password="wrong")
    assert "权限不足" in says(prefix="foreign")
    assert "wrong" not in repr(Server(urls=right.urls, user="a", password="wrong"))


def _address(what: Server) -> tuple[str, int]:
    host, _, port = what.urls[0].removeprefix("https://").partition(":")
    return host, int(port)


@pytest.mark.elasticsearch
def test_a_read_only_server_as_a_full_disk_makes_it_lets_posts_wait(elasticsearch, add_post):
    add_post("警方")
    indexing.drain(documents)
    client, indices = at(elasticsearch)
    block = {"index.blocks.read_only_allow_delete": True}
    client.indices.put_settings(index=indices.alias, settings=block)
    add_post("警方二")
    assert indexing.drain(documents) == 0
    assert "磁盘已满" in indexing.behind().trouble
    assert Change.objects.count() == 1
    client, indices = at(elasticsearch)
    client.indices.put_settings(index=indices.alias, settings={"index.blocks.read_only_allow_delete": None})
    assert indexing.drain(documents) == 1
    assert indexing.behind().trouble == ""
    assert search.search("警方").total == 2


@pytest.mark.elasticsearch
def test_a_red_cluster_is_told_instead_of_half_an_answer(elasticsearch, add_post):
    add_post("警方")
    indexing.drain(documents)
    client, indices = at(elasticsearch)
    nowhere = {"index.routing.allocation.require._name": "nobody"}
    client.options(request_timeout=5).indices.create(
        index=f"{indices.alias}-2024.06", aliases={indices.alias: {}}, settings=nowhere, timeout="1s",
        wait_for_active_shards="0",
    )  # fmt: skip
    with pytest.raises(IndexUnreachable, match="red"):
        search.search("警方")
    assert not IndexState.objects.filter(rebuild_wanted_at__isnull=False).exists()


class Imitation(ThreadingHTTPServer):
    """Answers every request with one JSON document and remembers the headers it came with."""

    def __init__(self, body: str, *, product: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.body, self.product, self.seen = body, product, []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answering(BaseHTTPRequestHandler):
    server: Imitation

    def do_GET(self) -> None:
        self.server.seen.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if self.server.product:
            self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body.encode())

    do_POST = do_PUT = do_GET

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def imitation():
    made: list[Imitation] = []

    def make(*args, **more) -> Imitation:
        made.append(Imitation(*args, **more))
        return made[-1]

    yield make
    for one in made:
        one.shutdown()
        one.server_close()


def test_a_server_that_is_too_old_is_told_by_its_version(imitation):
    old = imitation('{"nodes": {"a": {"version": "8.15.0"}, "b": {"version": "7.17.9"}}}')
    with pytest.raises(IndexUnreachable, match=r"7\.17\.9，版本太旧"):
        Elastic(Server(urls=(old.url,))).counts()


def test_something_else_behind_the_address_is_told(imitation):
    other = imitation("{}", product=False)
    with pytest.raises(IndexUnreachable, match="不是 Elasticsearch"):
        Elastic(Server(urls=(other.url,))).counts()


def test_an_api_key_is_sent_as_such(imitation):
    there = imitation('{"nodes": {"a": {"version": "9.1.0"}}}')
    connect(Server(urls=(there.url,), api_key="c2VjcmV0")).nodes.info()
    assert there.seen[0]["authorization"] == "ApiKey c2VjcmV0"


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"ELASTICSEARCH_URL": "ftp://x"}, "ELASTICSEARCH_URL"),
        ({"ELASTICSEARCH_URL": "https://a:b@x:9200"}, "ELASTICSEARCH_URL"),
        ({"ELASTICSEARCH_URL": "https://x:port"}, "ELASTICSEARCH_URL"),
        ({"ELASTICSEARCH_URL": "https://x", "ELASTICSEARCH_CA": "/nowhere.crt"}, "ELASTICSEARCH_CA"),
        ({"ELASTICSEARCH_URL": "http://x", "ELASTICSEARCH_CA": __file__}, "ELASTICSEARCH_CA"),
        ({"ELASTICSEARCH_URL": "https://x", "ELASTICSEARCH_USER": "a"}, "ELASTICSEARCH_USER"),
        (
            {"ELASTICSEARCH_URL": "https://x", "ELASTICSEARCH_USER": "a", "ELASTICSEARCH_PASSWORD": "b",
             "ELASTICSEARCH_API_KEY": "c"}, "ELASTICSEARCH_API_KEY",
        ),
        ({"ELASTICSEARCH_URL": "https://x", "ELASTICSEARCH_INDEX": "A*"}, "ELASTICSEARCH_INDEX"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused_at_the_door(monkeypatch, given, key):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as e:
        server()
    assert e.value.key == key


def test_secrets_may_come_from_files(monkeypatch, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("geheim\n")
    monkeypatch.setenv("ELASTICSEARCH_URL", "https://a:9200, https://b:9200/")
    monkeypatch.setenv("ELASTICSEARCH_USER", "huiying")
    monkeypatch.setenv("ELASTICSEARCH_PASSWORD_FILE", str(secret))
    asked = server()
    assert asked and (asked.urls, asked.password) == (("https://a:9200", "https://b:9200"), "geheim")
    assert "geheim" not in repr(asked)
