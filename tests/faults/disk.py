# SPDX-License-Identifier: MIT
"""A small ext4 file system in a file, whose power can be cut and whose space can run out.

EXT4_IOC_SHUTDOWN without a flush drops everything that was not fsynced, as a power cut does. Needs root and loop
devices; where they are missing the test says so as a skip, which the summary counts and shows.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import pytest

EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, u32)
NO_LOG_FLUSH = 2
COMMAND_SECONDS_MAX = 60


class Disk:
    """Mounted at `path` between enter and exit. Not thread-safe."""

    def __init__(self, mebibytes: int) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tracseq-disk-"))
        self._image = self._folder / "image"
        self._mebibytes = mebibytes
        self.path = self._folder / "mnt"

    def __enter__(self) -> Disk:
        self.path.mkdir()
        with self._image.open("wb") as image:
            image.truncate(self._mebibytes << 20)
        try:
            self._run("mkfs.ext4", "-q", "-m", "0", str(self._image))
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
        subprocess.run(command, check=True, capture_output=True, timeout=COMMAND_SECONDS_MAX)

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

    @property
    def free_bytes(self) -> int:
        return shutil.disk_usage(self.path).free

    def fill(self, leave_bytes: int = 0) -> Path:
        """A file that takes the free space but so much; unlink it to give the space back."""
        ballast = self.path / "ballast"
        descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            block = b"\0" * 4096
            while self.free_bytes > leave_bytes:
                if os.write(descriptor, block) < len(block):
                    break
        except OSError:
            pass  # no space is left, which is what was asked for
        finally:
            os.close(descriptor)
        return ballast
