"""What every channel has in common: a parcel goes in, `Sent` comes out or `DeliveryFailed` is raised."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

TIMEOUT = (
    5.0  # seconds for each network step; a lease covers all steps, and is how long a crash delays a message
)


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


@dataclass
class DeliveryFailed(Exception):
    """A try that did not succeed. Its text never holds a secret.

    `permanent`: trying again cannot help. `unsure`: the provider may have taken it all the same.
    """

    message: str
    permanent: bool = False
    unsure: bool = False
    http: int | None = None
    code: str = ""
    retry_after: float | None = field(default=None, kw_only=True)  # seconds the provider asks for

    def __str__(self) -> str:
        return self.message


class Channel(Protocol):
    name: str
    # The provider or receiver recognises a second copy by its id: it is sent again unmarked.
    recognises_copies: bool
    lease_s: float  # longest a try may take before another sender may take over

    def send(self, parcel: Parcel) -> Sent:
        """Raises DeliveryFailed."""
        ...


def http_failure(name: str, status: int, retry_after: str | None) -> DeliveryFailed:
    """An HTTP status that is no success: 408, 425, 429 and 5xx pass, all else is a mistake to be put right."""
    permanent = status < 500 and status not in (408, 425, 429)
    return DeliveryFailed(
        f"{name}: HTTP {status}",
        permanent=permanent,
        # A gateway that gave up waiting does not know what the server behind it did.
        unsure=status in (502, 504),
        http=status,
        code=str(status),
        retry_after=seconds(retry_after),
    )


def seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds; None when absent or given as a date, which our own waits then replace."""
    return float(retry_after) if retry_after and retry_after.strip().isdecimal() else None
