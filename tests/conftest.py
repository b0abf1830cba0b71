"""Settings of the whole suite: a data folder of its own, loopback only, one line per missing server.

pytest-django would read the settings before this file is seen, so setup.cfg names none: they are named here, after
the environment is in order, and whatever HUIYING_* the developer has set stays out of the tests.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from datetime import datetime
from pathlib import Path

for _name in [name for name in os.environ if name.startswith("HUIYING_")]:
    del os.environ[_name]
_SCRATCH = Path(tempfile.mkdtemp(prefix="huiying-tests-"))
# One for the run: the processes that share its tests are started with this process's environment.
_OUTBOUND = Path(os.environ.setdefault("OUTBOUND_LOG", str(_SCRATCH / "outbound.log")))
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    # Playwright's synchronous API keeps an event loop in the test's thread; Django would refuse every query there.
    "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
    "HUIYING_DATA": str(_SCRATCH / "var"),
    "HUIYING_ALLOW_PRIVATE_SOURCES": "1",
    # pytest-socket guards this process only; tests/guard does it for every Python process started from here.
    "HUIYING_TEST_OUTBOUND": str(_OUTBOUND),
    "PYTHONPATH": os.pathsep.join(filter(None, (str(Path(__file__).parent / "guard"), os.environ.get("PYTHONPATH")))),
}

import django  # noqa: E402

django.setup()

import pytest  # noqa: E402
from django.conf import settings  # noqa: E402

from config.clock import SHANGHAI  # noqa: E402
from tests.servers import CHROMIUM_FLAGS, browser_lacks, chromium, fresh_database, on_postgresql  # noqa: E402

# A server that could not be had is told as a skip; where everything must be there (CI=true) it is a failure.
SKIPS_FAIL = os.environ.get("CI", "").lower() in ("true", "1")


# Folders whose tests ask a database through pytest-django alone: what asks none there says the same on every database.
PURE = tuple(str(Path(__file__).parent / name) + os.sep for name in ("alerts", "analysis", "archive", "crawlers", "sla"))


def same_everywhere(item: pytest.Item) -> bool:
    """Whether the run on PostgreSQL would only repeat what the run on SQLite has shown."""
    if item.get_closest_marker("postgres") or not str(item.path).startswith(PURE):
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return not (item.get_closest_marker("django_db") or fixtures & {"db", "transactional_db", "service_env", "huiying"})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if on_postgresql() and (repeated := [item for item in items if same_everywhere(item)]):
        config.hook.pytest_deselected(items=repeated)
        items[:] = [item for item in items if not same_everywhere(item)]
    lacks = browser_lacks()
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.timeout(900), append=False)
        if lacks and item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=f"browser tests: {lacks}"))
        if item.get_closest_marker("postgres") and not on_postgresql():
            item.add_marker(pytest.mark.skip(reason="PostgreSQL tests: DATABASE_URL names no server"))
        if item.get_closest_marker("sqlite") and on_postgresql():
            item.add_marker(pytest.mark.skip(reason="tests of SQLite alone, and this run is on PostgreSQL"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = yield
    if SKIPS_FAIL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"skipped, and CI allows no skip: {report.longrepr}"
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _OUTBOUND.exists():
        sys.stderr.write(f"\nA child process called out of this machine:\n{_OUTBOUND.read_text()}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure() -> None:
    shutil.rmtree(_SCRATCH, ignore_errors=True)


@pytest.fixture
def at():
    """at("2026-11-23 14:00") is that instant in Shanghai, aware."""
    return lambda text: datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture
def service_env(tmp_path):
    """The environment for a service of the test's own: an empty data folder and, on PostgreSQL, an empty database."""
    env = os.environ | {"HUIYING_DATA": str(tmp_path / "var")}
    if not on_postgresql():
        yield env
        return
    with fresh_database() as url:
        yield env | {"DATABASE_URL": url}


@pytest.fixture(scope="session")
def browser_type_launch_args():
    # Chromium keeps crash reports and settings in the home folder whatever its profile is.
    env = os.environ | {"HOME": str(_SCRATCH), "XDG_CONFIG_HOME": str(_SCRATCH), "XDG_CACHE_HOME": str(_SCRATCH)}
    return {"executable_path": chromium(), "args": CHROMIUM_FLAGS, "env": env}


@pytest.fixture(scope="session")
def browser_context_args():
    return {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "viewport": {"width": 1366, "height": 768}}


@pytest.fixture
def huiying():
    """(arguments that start `huiying`): the command as a script would call it, from this checkout."""
    return [sys.executable, str(settings.BASE_DIR / "manage.py")]
