# SPDX-License-Identifier: MIT
"""Power cuts: a loop-mounted ext4 is shut down under the server; nothing acknowledged is lost."""

from __future__ import annotations

import os
import signal

import pytest

from tests.faults.disk import Disk
from tests.faults.trial import lost_under, start_again
from tests.services.tracseq import TracseqServer, beside_program

CUTS = 20
DISK_MIB = 512


def lost_under_cuts(disk: Disk) -> str:
    def cut_and_restart(server: TracseqServer) -> None:
        os.kill(server.pid, signal.SIGSTOP)  # a power cut ends the program in the same moment
        disk.cut()
        server.kill()
        disk.restore()
        start_again(server)

    folder = disk.path / "lab"
    folder.mkdir()
    with TracseqServer(arguments=["--no-worker"], folder=folder) as server:
        return lost_under(cut_and_restart, server, times=CUTS, pause=(0.3, 0.8), seed=11)


@pytest.mark.timeout(300)
def test_twenty_power_cuts_lose_nothing() -> None:
    with Disk(DISK_MIB) as disk:
        assert lost_under_cuts(disk) == ""


@pytest.mark.timeout(300)
def test_a_build_that_does_not_sync_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACSEQ_BIN", str(beside_program("tracseq_no_sync")))
    with Disk(DISK_MIB) as disk:
        assert lost_under_cuts(disk), "the broken build lost nothing: the power-cut test proves nothing"
