"""Whole servers: three nodes of which one is lost, and version 9."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from datetime import timedelta

import pytest

from archive.elastic import Elastic
from archive.months import SearchUnavailable
from archive.query import Filter, Text, parse
from archive.results import Page
from archive.server import Server
from tests.archive.conftest import NOON, document
from tests.archive.elastic import Nodes

pytestmark = [pytest.mark.long, pytest.mark.elasticsearch]


def started(nodes: int, version: str = "") -> tuple[Nodes, Server]:
    there = Nodes(nodes, version)
    env = there.wait()
    if isinstance(env, str):
        there.stop()
        pytest.skip(f"Elasticsearch tests: {env}")
    return there, Server(
        urls=tuple(env["ELASTICSEARCH_URL"].split(",")), ca=env["ELASTICSEARCH_CA"], user=env["ELASTICSEARCH_USER"],
        password=env["ELASTICSEARCH_PASSWORD"], prefix=f"posts-t{secrets.token_hex(4)}",
    )  # fmt: skip


def test_a_node_lost_while_writing_and_searching_loses_no_acknowledged_post():
    nodes, server = started(3)
    try:
        writer, reader = Elastic(server), Elastic(server)
        writer.add([document(1, "警方")])
        writer.commit()
        with writer._asked() as (client, indices):
            client.cluster.health(index=indices.alias, wait_for_status="green", timeout="60s")
            (shard,) = [s for s in client.cat.shards(index=indices.alias, format="json") if s["prirep"] == "p"]
        acknowledged, searched, stop = {1}, [], threading.Event()

        def searching() -> None:
            while not stop.is_set():
                try:
                    searched.append(reader.search(Text("警方"), Filter(), Page(limit=1, facets=())).total)
                except SearchUnavailable as e:
                    searched.append(str(e))

        thread = threading.Thread(target=searching)
        thread.start()
        batch, lost_at = 2, 0
        for number in range(40):
            if number == 15:
                os.kill(nodes.pid(int(shard["node"][1:])), signal.SIGKILL)  # the one that holds the primary
                lost_at = len(searched)
            ids = range(batch, batch + 100)
            for _ in range(20):
                try:
                    writer.add([document(i, "警方") for i in ids])
                    acknowledged.update(ids)
                    break
                except SearchUnavailable:
                    continue  # the change log would bring them again too
            batch += 100
        stop.set()
        thread.join()
        for _ in range(30):
            try:
                writer.commit()
                break
            except SearchUnavailable:
                continue
        found = {post_id for post_id, _ in writer.digests("2024-05")}
        assert acknowledged - found == set()
        assert len(acknowledged) == 4001
        assert any(isinstance(total, int) for total in searched[lost_at + 5 :])  # search went on
    finally:
        nodes.stop()


def test_version_nine_gives_the_same_answers():
    nodes, server = started(1, "9.2.0")
    try:
        engine = Elastic(server)
        docs = [document(n, f"西安警方通报{n}人 covid", at=NOON - timedelta(days=n), reposts=n) for n in range(1, 60)]
        engine.add(docs)
        engine.delete([1])
        engine.commit()
        assert engine.search(parse("西安警方"), Filter(), Page(facets=("source", "day"))).total == 58
        assert engine.search(parse("转发:10..19 cov*"), Filter(), Page()).total == 10
        assert engine.newest(parse("通报"), Filter(), 3) == [2, 3, 4]
        engine.replace([docs], lambda: ([59], []))
        assert engine.count() == 58
        engine.rewrite("2024-04", [[d for d in docs if d.published_at.month == 4]])
        assert engine.frequencies("2024-04", ["西安"])["西安"] == engine.counts()["2024-04"]
        assert len(dict(engine.digests("2024-04"))) == 30
    finally:
        nodes.stop()
