# SPDX-License-Identifier: MIT
"""kill -9 of the server while clients log and upload: nothing acknowledged is lost, torn or doubled."""

from __future__ import annotations

import random
import threading
import time

import pytest

from tests.faults.clients import Client, check
from tests.services.tracseq import TracseqServer

KILLS = 100
CLIENTS = 4


@pytest.mark.timeout(600)
def test_a_hundred_kills_lose_nothing() -> None:
    chooser = random.Random(2026)
    with TracseqServer(arguments=["--no-worker"]) as server:
        stop = threading.Event()
        clients = [Client(server.url, number, stop) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for _ in range(KILLS):
            time.sleep(chooser.uniform(0.005, 0.5))
            server.kill()
            server.start()
        stop.set()
        for client in clients:
            client.join(timeout=120)
            assert client.error is None, f"{client.name}: {client.error!r}"
            assert not client.is_alive()
        assert sum(client.acknowledged for client in clients) > KILLS
        check(server.url, [client.record for client in clients])
        assert server.stop() == 0
        server.start()
        check(server.url, [client.record for client in clients])
