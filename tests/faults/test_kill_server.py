# SPDX-License-Identifier: MIT
"""kill -9 of the server while clients log and upload: nothing acknowledged is lost, torn or doubled."""

from __future__ import annotations

import pytest

from tests.faults.trial import kill_and_restart, lost_under
from tests.services.tracseq import TracseqServer, beside_program

KILLS = 100
KILLS_TO_FIND_OUT = 20


@pytest.mark.timeout(600)
def test_a_hundred_kills_lose_nothing() -> None:
    with TracseqServer(arguments=["--no-worker"]) as server:
        assert lost_under(kill_and_restart, server, times=KILLS, pause=(0.005, 0.5), seed=2026) == ""


@pytest.mark.timeout(300)
def test_acknowledging_before_the_commit_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACSEQ_BIN", str(beside_program("tracseq_early_ack")))
    with TracseqServer(arguments=["--no-worker"]) as server:
        lost = lost_under(kill_and_restart, server, times=KILLS_TO_FIND_OUT, pause=(0.2, 0.6), seed=7)
    assert lost, "the broken build lost nothing: the kill test proves nothing"
