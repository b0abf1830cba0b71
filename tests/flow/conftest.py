"""What the delivery tests share: a Slack of their own and a ladder that leads to it."""

import pytest

from tests.alerts import ladders
from tests.alerts.stand_ins import SLACK_OK, HttpStandIn, running


@pytest.fixture
def server():
    server = HttpStandIn(SLACK_OK)
    with running(server):
        yield server


@pytest.fixture
def ladder(server):
    return ladders.with_channels(ladders.slack(server.url))
