# SPDX-License-Identifier: MIT
"""Power cuts: a loop-mounted ext4 is shut down under the server; nothing acknowledged is lost.

EXT4_IOC_SHUTDOWN without a flush drops everything that was not fsynced, as a power cut does. Needs root and loop
devices; where they are missing the test says so as a skip, which the summary counts and shows.
"""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType

import pytest

from tests.faults.clients import Client, Lost, check
from tests.services.tracseq import TracseqServer, program

CUTS = 20
CLIENTS = 4
DISK_MIB = 512
EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, u32)
NO_LOG_FLUSH = 2


class Disk:
    """An ext4 file system in a file, whose power can be cut."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tracseq-disk-"))
        self._image = self._folder / "image"
        self.path = self._folder / "mnt"

    def __enter__(self) -> Disk:
        self.path.mkdir()
        with self._image.open("wb") as image:
            image.truncate(DISK_MIB << 20)
        try:
            self._run("mkfs.ext4", "-q", str(self._image))
            self.mount()
        except (OSError, subprocess.CalledProcessError) as error:
            shutil.rmtree(self._folder)
            pytest.skip(f"no ext4 can be loop-mounted here: {error}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        subprocess.run(["umount", "-l", str(self.path)], check=False, capture_output=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    @staticmethod
    def _run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def mount(self) -> None:
        self._run("mount", "-o", "loop", str(self._image), str(self.path))

    def cut(self) -> None:
        """From here on nothing reaches the disk."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(descriptor)

    def restore(self) -> None:
        self._run("umount", str(self.path))
        self.mount()


def lost_under_cuts(disk: Disk, cuts: int) -> str:
    """What clients lost while the power was cut so often; empty: nothing."""
    chooser = random.Random(11)
    folder = disk.path / "lab"
    folder.mkdir()
    with TracseqServer(arguments=["--no-worker"], folder=folder) as server:
        stop = threading.Event()
        clients = [Client(server.url, number, stop) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for _ in range(cuts):
            time.sleep(chooser.uniform(0.3, 0.8))
            os.kill(server.pid, signal.SIGSTOP)  # a power cut ends the program in the same moment
            disk.cut()
            server.kill()
            disk.restore()
            server.start()
            if broken := next((client.error for client in clients if client.error is not None), None):
                return f"a client was told: {broken!r}"
        stop.set()
        for client in clients:
            client.join(timeout=120)
            assert not client.is_alive()
            if client.error is not None:
                return f"a client was told: {client.error!r}"
        assert sum(client.acknowledged for client in clients) > cuts
        try:
            check(server.url, [client.record for client in clients])
        except Lost as lost:
            return str(lost)
        assert server.stop() == 0
    return ""


@pytest.mark.timeout(300)
def test_twenty_power_cuts_lose_nothing() -> None:
    with Disk() as disk:
        assert lost_under_cuts(disk, CUTS) == ""


@pytest.mark.timeout(300)
def test_a_build_that_does_not_sync_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # It stands beside the program under test, built with it (src/cli/CMakeLists.txt).
    monkeypatch.setenv("TRACSEQ_BIN", str(program().resolve().parent / "tracseq_no_sync"))
    with Disk() as disk:
        try:
            lost = lost_under_cuts(disk, CUTS)
        except Exception as error:  # its database may not even open again
            lost = repr(error)
        assert lost, "the broken build lost nothing: the power-cut test proves nothing"
