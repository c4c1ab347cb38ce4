# SPDX-License-Identifier: MIT
"""The kill test can fail: a build that acknowledges before it commits is found out within twenty kills."""

from __future__ import annotations

import random
import threading
import time

import pytest

from tests.faults.clients import Client, Lost, check
from tests.services.tracseq import TracseqServer, program

KILLS_MAX = 20
CLIENTS = 4


def lost_under_kills(server: TracseqServer, kills: int) -> bool:
    """Whether clients lose acknowledged work while the server is killed at most so often."""
    chooser = random.Random(7)
    stop = threading.Event()
    clients = [Client(server.url, number, stop) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for _ in range(kills):
        time.sleep(chooser.uniform(0.2, 0.6))
        server.kill()
        server.start()
        # A client whose acknowledged run is gone is told 404 and gives up.
        if any(client.error is not None for client in clients):
            break
    stop.set()
    for client in clients:
        client.join(timeout=120)
        assert not client.is_alive()
    if any(client.error is not None for client in clients):
        return True
    try:
        check(server.url, [client.record for client in clients])
    except Lost:
        return True
    return False


@pytest.mark.timeout(300)
def test_acknowledging_before_the_commit_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # It stands beside the program under test, built with it (src/cli/CMakeLists.txt).
    monkeypatch.setenv("TRACSEQ_BIN", str(program().resolve().parent / "tracseq_early_ack"))
    with TracseqServer(arguments=["--no-worker"]) as server:
        assert lost_under_kills(server, KILLS_MAX), "the broken build lost nothing: the kill test proves nothing"
