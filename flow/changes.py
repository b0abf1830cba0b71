"""What must change in an event's obligations: decided by flow.owing, told of by flow.telling."""

from __future__ import annotations

from dataclasses import dataclass, field

from sla.models import Milestone, Obligation


@dataclass
class Changes:
    """What must be written for one event; empty lists when everything stands as it should."""

    new: list[Obligation] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    superseded: list[Obligation] = field(default_factory=list)
    reason: str = ""
    # Moments already behind a new clock that one notice tells of together: "" | "near" | "missed" (the gravest).
    urgent: str = ""

    def __bool__(self) -> bool:
        return bool(self.new or self.superseded)

    def extend(self, other: Changes) -> None:
        self.new += other.new
        self.milestones += other.milestones
        self.superseded += other.superseded
        self.reason = other.reason or self.reason
        self.urgent = "missed" if "missed" in (self.urgent, other.urgent) else self.urgent or other.urgent
