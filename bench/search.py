"""`make bench-search`: eleven kinds of queries on our search and on the engine alone, the page on top of it, indexing,
visibility, load, saved searches and exports.

    python -m bench.search [--posts N] [--elasticsearch]      N 1,000,000 unless told; several --posts may be given

A ratio is our p95 divided by what it may be: embedded, the engine's own p95 x 2 + 10 ms; Elasticsearch, x 1.3 + 10 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

ROUNDS, EACH = 3, 20
BUSY_PER_S = 500
LOAD_S = 20.0
TOPIC_POSTS = 4000


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, action="append")
    parser.add_argument("--elasticsearch", action="store_true", help="also on one node of a real server")
    options = parser.parse_args()
    # Stopped from outside, it still takes its server and its folder with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = tempfile.mkdtemp(prefix="huiying-bench-")
    for name in [n for n in os.environ if n.startswith(("HUIYING_", "ELASTICSEARCH_")) and n != "HUIYING_CONFIG"]:
        del os.environ[name]
    os.environ.pop("DATABASE_URL", None)
    os.environ |= {"HUIYING_DATA": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
    try:
        answer = measure(Path(folder), options.posts or [1_000_000], options.elasticsearch)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1) + "\n")
    return 0 if all(target["met"] for target in answer["targets"]) else 1


def measure(folder: Path, sizes: list[int], elasticsearch: bool) -> dict[str, Any]:
    import django

    django.setup()
    from bench import exports, topics
    from bench.machine import machine
    from bench.main import target
    from bench.texts import mixed
    from config.management.prepare import prepare

    prepare()
    results: dict[str, Any] = {}
    targets: list[dict[str, Any]] = []
    for size in sizes:
        results[label(size)] = embedded(folder, size, targets)
    results["topics"], results["exports"] = topics.measure(mixed(TOPIC_POSTS)[1]), exports.measure()
    targets += [
        target("topics_posts_per_s", ">=", 500, results["topics"]["posts_per_s"], "posts/s"),
        target("export_first_byte_s", "<=", 0.3, results["exports"]["first_byte_s"], "s"),
        target("export_rows_per_s", ">=", 5000, results["exports"]["rows_per_s"], "rows/s"),
        target("export_grown_mb", "<=", 50, results["exports"]["grown_mb"], "MB"),
    ]
    if elasticsearch:
        results[f"{label(sizes[0])}_elasticsearch"] = on_elasticsearch(sizes[0], targets)
    what = "generated posts of some 180 characters over 12 months, one in twenty an article"
    return {
        "workload": {"texts": what, "posts": sizes, "queries_per_kind": EACH, "rounds": ROUNDS},
        "machine": machine(),
        "results": results,
        "targets": targets,
    }


def label(size: int) -> str:
    return f"{size // 1_000_000}m" if size >= 1_000_000 else f"{size // 1000}k"


def embedded(folder: Path, size: int, targets: list[dict[str, Any]]) -> dict[str, Any]:
    from archive import search
    from bench.main import target
    from bench.search_alone import Tantivy
    from bench.search_corpus import batches
    from bench.service import say

    engine = search.engine()
    seconds = fill(engine, size)
    ours_rate = size / seconds
    say(f"{label(size)}: {ours_rate:.0f} posts/s into the archive")
    alone = Tantivy(folder / f"alone-{size}")
    alone_rate = size / alone.fill(batches(size))
    say(f"{label(size)}: {alone_rate:.0f} posts/s into the engine alone")
    kinds = compared(alone.search, size)
    most_ms = 50 if size <= 1_000_000 else 100
    for kind, got in kinds.items():
        allowed = got["alone_p95_ms"] * 2 + 10
        targets.append(target(f"{kind}_p95_ratio_{label(size)}", "<=", 1.0, round(got["p95_ms"] / allowed, 3), "of allowed"))
        targets.append(target(f"{kind}_p95_ms_{label(size)}", "<=", most_ms, got["p95_ms"], "ms"))
    page = page_time(size)
    seen = visible(size)
    load = under_load(size)
    tail = f"_{label(size)}"
    targets += [
        target("page_p95_ms" + tail, "<=", 100, page["hits_p95_ms"], "ms"),
        target("index_posts_per_s" + tail, ">=", 3000, round(ours_rate), "posts/s"),
        target("index_ratio" + tail, ">=", 0.6, round(ours_rate / alone_rate, 2), "of the engine alone"),
        target("visible_s" + tail, "<=", 2.0, seen, "s"),
        target("load_p95_ratio" + tail, "<=", 2.0, load["ratio"], "of idle"),
    ]
    engine.close()
    shutil.rmtree(folder / f"alone-{size}")
    return {"posts_per_s": round(ours_rate), "alone_posts_per_s": round(alone_rate), "kinds": kinds, "page": page, "visible_s": seen, "load": load}


def fill(engine: Any, size: int) -> float:
    """Seconds in which the archive's own writer takes all posts, made beforehand in slices that are not counted."""
    from bench.search_corpus import batches

    made = 0.0

    def supplied() -> Any:
        nonlocal made
        source = batches(size)
        while True:
            began = time.perf_counter()
            batch = next(source, None)
            made += time.perf_counter() - began
            if batch is None:
                return
            yield batch

    began = time.perf_counter()
    engine.replace(supplied(), lambda: ([], []))
    return time.perf_counter() - began - made


def compared(alone: Any, size: int) -> dict[str, dict[str, float]]:
    """Each kind on both, round by round; the medians of the rounds' p95."""
    from bench.search_corpus import queries
    from bench.service import say

    asked = queries(size, EACH)
    for kind, texts in asked.items():
        for text in texts:
            rows_for(kind, text, size)
    found: dict[str, dict[str, float]] = {}
    for kind, texts in asked.items():
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(p95([timed(lambda t=text, k=kind: our_search(k, t)) for text in texts]))
            theirs.append(p95([timed(lambda t=text, k=kind: alone(k, t)) for text in texts]))
        totals = [our_search(kind, text).total for text in texts]
        found[kind] = {
            "p95_ms": round(median(ours), 2), "alone_p95_ms": round(median(theirs), 2), "median_total": median(totals),
        }  # fmt: skip
        say(f"{label(size)} {kind}: {found[kind]}")
    return found


def our_search(kind: str, text: str) -> Any:
    from archive import search
    from archive.results import COUNTED

    return search.search(
        text, sort="best" if kind in ("rare", "frequent", "and") else "newest", offset=980 if kind == "page50" else 0,
        facets=COUNTED if kind == "range_facets" else (),
    )  # fmt: skip


def rows_for(kind: str, text: str, size: int) -> None:
    """Put the posts into the table that this query's page shows or NEAR looks at: the others are never read."""
    from archive import near, search
    from archive.models import Post, Source
    from archive.query import And, Filter, parse
    from archive.results import Page, Sort
    from bench.search_corpus import document

    engine, node = search.engine(), parse(text)
    wanted: set[int] = set()
    checks = near.to_check(node)
    for check in checks:
        wanted |= set(engine.newest(And((near.loosely(check), near.loosely(node))), Filter(), search.LOOKED_AT))
    if not checks:
        offset = 980 if kind == "page50" else 0
        sort: Sort = "best" if kind in ("rare", "frequent", "and") else "newest"
        wanted = {r.post_id for r in engine.search(node, Filter(), Page(sort=sort, limit=20, offset=offset)).rows}
    source, _ = Source.objects.get_or_create(name="检索基准", defaults={"kind": "file"})
    known = set(Post.objects.filter(id__in=wanted).values_list("id", flat=True))
    made = [document(i - 1, size) for i in wanted - known]
    Post.objects.bulk_create(
        (
            Post(
                id=d.post_id, key=f"bench-{d.post_id}", source=source, site=d.site, platform=d.platform, title=d.title, body=d.body,
                published_at=d.published_at, received_at=d.published_at, unread=False,
            )
            for d in made
        ),
        batch_size=500,
    )  # fmt: skip


def page_time(size: int) -> dict[str, float]:
    """Server time of the search page, and of the facets and histogram it asks for afterwards, in milliseconds."""
    from django.contrib.auth.models import Group, User
    from django.test import Client

    from bench.search_corpus import queries
    from bench.service import say

    user, _ = User.objects.get_or_create(username="bench-search")
    user.groups.add(Group.objects.get_or_create(name="analyst")[0])
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    texts = [text for asked in queries(size, 5).values() for text in asked]
    for text in texts:
        rows_for("newest", text, size)
    found = {}
    for name, path in (("hits", "/search/"), ("around", "/search/around/")):
        assert client.get(path, {"q": texts[0]}).status_code == 200
        found[f"{name}_p95_ms"] = round(p95([timed(lambda t=text, p=path: client.get(p, {"q": t})) for text in texts]), 1)
    say(f"{label(size)} page: {found}")
    return found


def visible(size: int, tries: int = 8) -> float:
    """From the commit of a post to its being found, beside a running engine: the slowest of the tries, in seconds."""
    from archive import search
    from archive.models import Change, IndexState, Post, Source
    from bench.service import running, say, until
    from config.clock import real_now

    search.engine().close()
    source = Source.objects.get(name="检索基准")
    IndexState.objects.update_or_create(engine="embedded", defaults={"committed_at": real_now()})
    seconds = []
    with running("engine"):
        for n in range(tries):
            text = f"可见{label(size)}第{n}次"
            now = real_now()
            post = Post.objects.create(
                key=text, source=source, site="基准", body=text, published_at=now, received_at=now, unread=False
            )
            Change.objects.create(post=post)
            took = until(lambda text=text: search.search(f"“{text}”").total, within=90, every=0.02)  # type: ignore[misc]
            if n:  # the first one waits for the engine to start
                seconds.append(took)
            time.sleep(0.4)
    say(f"{label(size)} visible: {min(seconds):.2f} to {max(seconds):.2f} s")
    return round(max(seconds), 2)


def under_load(size: int) -> dict[str, float]:
    """p95 of all kinds together, idle and while another process writes 500 posts a second."""
    from bench.search_corpus import queries
    from bench.service import say

    asked = [(kind, text) for kind, texts in queries(size, 5).items() for text in texts]
    for kind, text in asked:
        rows_for(kind, text, size)
    idle = p95([timed(lambda k=kind, t=text: our_search(k, t)) for kind, text in asked * 3])
    writer = subprocess.Popen(
        [sys.executable, "-m", "bench.search_writer", str(size), str(BUSY_PER_S)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None
        writer.stdout.readline()  # it has committed once
        times, end = [], time.perf_counter() + LOAD_S
        while time.perf_counter() < end:
            times += [timed(lambda k=kind, t=text: our_search(k, t)) for kind, text in asked]
    finally:
        writer.terminate()
        writer.wait(30)
    busy = p95(times)
    say(f"{label(size)} under load: {idle:.1f} -> {busy:.1f} ms")
    return {"idle_p95_ms": round(idle, 2), "busy_p95_ms": round(busy, 2), "ratio": round(busy / idle, 2)}


def on_elasticsearch(size: int, targets: list[dict[str, Any]]) -> dict[str, Any]:
    from archive import search
    from bench.main import target
    from bench.search_alone import ElasticAlone
    from bench.service import say

    folder = tempfile.mkdtemp(prefix="huiying-bench-es-")
    script = ["bash", "scripts/elasticsearch.sh"]
    subprocess.run([*script, "up", folder, "1"], check=True, stdout=sys.stderr, env=os.environ | {"ES_JAVA_OPTS": "-Xms2g -Xmx2g"})
    try:
        os.environ |= dict(line.split("=", 1) for line in Path(folder, "env").read_text().split())
        engine = search.engine()
        rate = size / fill(engine, size)
        say(f"{label(size)}: {rate:.0f} posts/s into Elasticsearch")
        kinds = compared(ElasticAlone(engine).search, size)
    finally:
        subprocess.run([*script, "down", folder], check=False, stdout=sys.stderr)
        for name in [n for n in os.environ if n.startswith("ELASTICSEARCH_")]:
            del os.environ[name]
    tail = f"_{label(size)}_elasticsearch"
    for kind, got in kinds.items():
        allowed = got["alone_p95_ms"] * 1.3 + 10
        targets.append(target(f"{kind}_p95_ratio{tail}", "<=", 1.0, round(got["p95_ms"] / allowed, 3), "of allowed"))
    targets.append(target("index_posts_per_s" + tail, ">=", 3000, round(rate), "posts/s"))
    return {"posts_per_s": round(rate), "kinds": kinds}


def timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def p95(values: list[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]


if __name__ == "__main__":
    sys.exit(main())
