"""The floor plan, held: who may import whom, which modules are pure, where tables may point."""

from __future__ import annotations

import ast
import importlib
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parent.parent
FLOORS = {
    "config": 0, "archive": 1, "analysis": 2, "sla": 3, "alerts": 4, "flow": 5, "crawlers": 5, "console": 6,
    "drill": 7, "bench": 7,
}  # fmt: skip
TOP = 7
# Wiring: it lives in config/, yet stands on top of everything.
WIRING = ("config.urls", "config.wsgi", "config.cli", "config.management", "manage")
APPS = [name for name, floor in FLOORS.items() if 0 < floor < TOP]
PURE = [
    *(
        f"analysis.{name}"
        for name in (
            "text", "reading", "facts", "folding", "events", "grading", "heat", "attribution", "bands", "figures", "gazetteer",
            "harms", "lexicon", "numerals", "occurrence", "particulars", "placenames", "sketches", "titling", "relevance", "scores", "signals", "stance",
            "terms", "themes", "waiting",
        )
    ),
    "sla.engine",
    *(f"sla.{name}" for name in ("revisions", "calendar", "authority", "evidence", "sightings")),
    *(f"alerts.{name}" for name in ("escalation", "explain", "ladder", "messages", "rendering", "rota", "throttle")),
    *(f"archive.{name}" for name in ("matcher", "naming", "near", "pages", "query", "ranges", "simplified", "terms", "tokens", "tree", "values")),
    "crawlers.metrics",
    *(f"crawlers.weibo.{name}" for name in ("budget", "errors", "options", "paging", "windows")),
    "flow.invariants",
    "crawlers.rhythm",
    "archive.health",
    *(f"crawlers.{name}" for name in ("lists", "sitemaps", "siterules")),
    *(f"crawlers.extraction.{name}" for name in ("articles", "bodies", "bylines", "embedded", "furniture", "pages", "paging", "sites", "times", "titles")),
]
# What a pure module may use: values and arithmetic. Whatever touches disk, network, process or clock is not here.
PURE_LIBRARIES = {
    "__future__", "array", "bisect", "calendar", "codecs", "collections", "dataclasses", "datetime", "difflib", "enum", "fractions", "fnmatch", "functools", "hashlib", "heapq",
    "hmac", "html", "itertools", "json", "math", "operator", "random", "re", "string", "struct", "types", "typing", "unicodedata",
    "zlib", "zoneinfo", "lxml", "numpy", "parsel", "rensa", "rjieba",
}  # fmt: skip
# Of packages that do touch the world, the modules that only take texts apart.
PURE_PARTS = {"urllib.parse"}
PURE_HELPERS = {"config.clock"}  # its time zone and formats; calls of its `now` are refused below
CLOCK_CALLS = {"now", "utcnow", "today", "real_now", "monotonic", "perf_counter", "time_ns"}
IO_CALLS = {"open", "print", "input", "exec", "eval", "__import__"}


@cache
def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name; packages by their own name."""
    found = {"manage": ROOT / "manage.py"}
    for package in FLOORS:
        for path in sorted((ROOT / package).rglob("*.py")):
            dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[dotted.removesuffix(".__init__")] = path
    return found


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text())


def is_typing_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def walk(node: ast.AST):
    """Every node, those inside functions too, but not what only the type checker sees."""
    for child in ast.iter_child_nodes(node):
        if not is_typing_only(child):
            yield child
            yield from walk(child)


@cache
def imports(module: str) -> tuple[str, ...]:
    """Dotted names that a module imports; of the project's own, the module itself (`from flow import up` is flow.up)."""
    found = []
    for node in walk(tree(module)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import; write the full name"
            for name in node.names:
                full = f"{node.module}.{name.name}"
                found.append(full if full in modules() else str(node.module))
    return tuple(dict.fromkeys(found))


def ours(module: str) -> list[str]:
    return [name for name in imports(module) if name in modules()]


def floor(module: str) -> int:
    if any(module == name or module.startswith(name + ".") for name in WIRING):
        return TOP
    return FLOORS[module.partition(".")[0]]


def closure(starts: list[str]) -> set[str]:
    """The modules and all that they import, directly or not."""
    seen: set[str] = set()
    waiting = list(starts)
    while waiting:
        if (module := waiting.pop()) not in seen:
            seen.add(module)
            waiting += ours(module)
    return seen


def test_every_floor_imports_only_what_stands_below_it():
    above = [f"{m} imports {other}" for m in modules() for other in ours(m) if floor(other) > floor(m)]
    assert not above, "\n".join(above)


def test_the_crawlers_and_the_flow_meet_only_in_the_posts_table():
    pairs = {("flow", "crawlers"), ("crawlers", "flow")}
    met = [f"{m} imports {o}" for m in modules() for o in ours(m) if (m.partition(".")[0], o.partition(".")[0]) in pairs]
    assert not met, "\n".join(met)


def test_scrapy_lives_in_the_crawlers_only():
    out = [m for m in modules() for name in imports(m) if name.partition(".")[0] in ("scrapy", "twisted")]
    assert [m for m in out if not m.startswith("crawlers.")] == []


def test_nothing_that_the_crawler_child_loads_imports_scikit_learn():
    child = [m for m in modules() if m.startswith("crawlers")]
    tables = [f"{app}.{part}" for app in APPS for part in ("models", "apps")]
    learned = [m for m in closure([*child, *tables]) for name in imports(m) if name.partition(".")[0] == "sklearn"]
    assert not learned, "\n".join(learned)


def test_there_is_no_import_circle():
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, "circle: " + " -> ".join((*trail[trail.index(module) :], module))
        if module not in done:
            for other in ours(module):
                visit(other, (*trail, module))
            done.add(module)

    for module in modules():
        visit(module, ())


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_reads_no_clock_and_touches_nothing_outside(module):
    wrong = []
    for used in sorted(closure([module]) - PURE_HELPERS):
        foreign = {name.partition(".")[0] for name in imports(used) if name not in modules() and name not in PURE_PARTS}
        wrong += [f"{used} imports {name}" for name in sorted(foreign - PURE_LIBRARIES)]
        wrong += [f"{used}:{line} calls {name}()" for line, name in impure_calls(used)]
    assert not wrong, "\n".join(wrong)


def impure_calls(module: str) -> list[tuple[int, str]]:
    found = []
    for node in walk(tree(module)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS:
                found.append((node.lineno, node.func.attr))
            if isinstance(node.func, ast.Name) and node.func.id in IO_CALLS | CLOCK_CALLS:
                found.append((node.lineno, node.func.id))
    return found


def test_foreign_keys_point_down():
    up = []
    for model in apps.get_models():
        app = model._meta.app_label
        for field in model._meta.get_fields():
            if app in APPS and field.is_relation and not field.auto_created and field.related_model:
                other = field.related_model._meta.app_label
                if other in APPS and (FLOORS[other] > FLOORS[app] or (FLOORS[other] == FLOORS[app] and other != app)):
                    up.append(f"{model.__name__}.{field.name} points up to {other}")
    assert not up, "\n".join(up)


def test_migrations_depend_downwards():
    up = []
    for module in modules():
        app, _, rest = module.partition(".")
        if rest.startswith("migrations."):
            for other, name in importlib.import_module(module).Migration.dependencies:
                if other in APPS and other != app and FLOORS[other] >= FLOORS[app]:
                    up.append(f"{module} depends on {other}.{name}")
    assert not up, "\n".join(up)


def test_every_folder_of_tests_is_a_package():
    # else tests/alerts would shadow the app of that name
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")} - {ROOT / "tests" / "guard"}
    assert [str(f) for f in folders if not (f / "__init__.py").exists()] == []
