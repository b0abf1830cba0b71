"""What every channel has in common: a parcel goes in, `Sent` comes out or `DeliveryFailed` is raised."""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import dataclass, field
from typing import Any, Protocol

from config.door import ConfigError
from config.settings import secret

log = logging.getLogger(__name__)

TIMEOUT = (
    5.0  # seconds for each network step; a lease covers all steps, and is how long a crash delays a message
)
SPARE = 5.0  # seconds of a lease left for settling, after the longest a try may take
PUT_RIGHT = 30.0  # seconds before a refused secret is tried again: long enough not to lock an account


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One delivery as a channel sees it. `body` is what was stored when the alert was written."""

    key: str
    address: str
    body: dict[str, Any]
    maybe_twice: bool = False  # an earlier try ended without an answer


@dataclass(frozen=True, kw_only=True)
class Sent:
    """The provider took it. `receipt`: L1 HTTP accepted, L2 its business code too (alerting.md §2.5-10)."""

    provider_id: str = ""
    receipt: str = "L2"
    http: int | None = None
    missed: str = ""  # whom the provider could not reach although it took the message, in words
    changeable: bool = False  # the message can be drawn anew later (Slack's chat.update)


@dataclass
class DeliveryFailed(Exception):
    """A try that did not succeed. Its text never holds a secret.

    `permanent`: trying again cannot help. `unsure`: the provider may have taken it all the same.
    `setup`: the channel itself was refused (secret, allowed addresses). It is tried on, since a secret may just be
    changing or somebody may put it right; people and the replacement channel are told at once.
    """

    message: str
    permanent: bool = False
    unsure: bool = False
    http: int | None = None
    code: str = ""
    retry_after: float | None = field(default=None, kw_only=True)  # seconds the provider asks for
    setup: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.setup and self.retry_after is None:
            self.retry_after = PUT_RIGHT

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Secret:
    """An environment variable (or the file its *_FILE twin names), read at each use.

    So a rotated secret holds from the next try on, and neither a row nor a repr can show its value.
    """

    variable: str


def reveal(option: Any) -> str:
    """The value of a channel option now. Raises DeliveryFailed (setup) when a secret is not there."""
    if not isinstance(option, Secret):
        return option or ""
    try:
        value = secret(option.variable)
    except ConfigError:
        value = None  # its text would name a path, and the file may just be being replaced
    if not value:
        raise DeliveryFailed(f"{option.variable} 读不到或为空", setup=True, code="secret_missing")
    return value


class Channel(Protocol):
    name: str
    # The provider or receiver recognises a second copy by its id: it is sent again unmarked.
    recognises_copies: bool
    lease_s: float  # longest a try may take before another sender may take over

    def send(self, parcel: Parcel) -> Sent:
        """Raises DeliveryFailed."""
        ...


def attempt(outlet: Channel, parcel: Parcel) -> Sent | DeliveryFailed:
    """One try, whatever comes of it, within the channel's lease.

    In a thread of its own that is left behind when time is up: a server that sends a byte every few seconds keeps
    every step within its time-out and would hold the queue for hours.
    """
    answers: queue.SimpleQueue[Sent | DeliveryFailed] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put(outlet.send(parcel))
        except DeliveryFailed as e:
            answers.put(e)
        except Exception as e:  # a mistake in a channel must not stop its queue; the text could hold anything
            what = type(e).__name__
            log.error("channel %s: %s", outlet.name, what)
            answers.put(DeliveryFailed(f"{outlet.name}: 内部错误（{what}）", unsure=True, code=what))

    threading.Thread(target=work, name=f"try-{outlet.name}", daemon=True).start()
    try:
        return answers.get(timeout=outlet.lease_s - SPARE)
    except queue.Empty:
        return DeliveryFailed(f"{outlet.name}: 时限内没有收到完整回应", unsure=True, code="too_slow")


def http_failure(name: str, status: int, retry_after: str | None) -> DeliveryFailed:
    """An HTTP status that is no success: 408, 425, 429 and 5xx pass, 401 asks for another secret, all else is a mistake."""
    setup = status == 401
    return DeliveryFailed(
        f"{name}: HTTP {status}",
        permanent=status < 500 and status not in (401, 408, 425, 429),
        # A gateway that gave up waiting does not know what the server behind it did.
        unsure=status in (502, 504),
        http=status,
        code=str(status),
        retry_after=seconds(retry_after),
        setup=setup,
    )


def seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds; None when absent or given as a date, which our own waits then replace."""
    return float(retry_after) if retry_after and retry_after.strip().isdecimal() else None
