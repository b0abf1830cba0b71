"""The two clocks: real time (leases, HTTP, retries) and the service's `now` (deadlines, shifts, escalation).

They differ only in a drill, whose clock starts at a chosen instant and runs faster.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def real_now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def drill_clock() -> tuple[datetime, datetime, float] | None:
    """(real start, drill start, speed) from HUIYING_DRILL_CLOCK = "real_epoch,drill_epoch,speed", or None."""
    raw = os.environ.get("HUIYING_DRILL_CLOCK")
    if not raw:
        return None
    real, drill, speed = (float(part) for part in raw.split(","))
    return datetime.fromtimestamp(real, UTC), datetime.fromtimestamp(drill, UTC), speed


def now() -> datetime:
    """The service's time, aware UTC."""
    return service_time(real_now())


def service_time(real: datetime) -> datetime:
    """What the service's clock shows at the real instant `real`."""
    drill = drill_clock()
    if drill is None:
        return real
    real_start, drill_start, speed = drill
    return drill_start + (real - real_start) * speed


def speed() -> float:
    """How many service seconds pass in one real second (1.0 outside a drill)."""
    drill = drill_clock()
    return drill[2] if drill else 1.0


def shanghai(instant: datetime | None) -> str | None:
    """ISO 8601 with +08:00, to the second (the form every command prints), or None."""
    return instant.astimezone(SHANGHAI).isoformat(timespec="seconds") if instant else None
