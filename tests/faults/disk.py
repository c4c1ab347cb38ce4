# SPDX-License-Identifier: MIT
"""Small disks: an ext4 in a file, whose power can be cut and whose space can run out, and a folder with a bound.

EXT4_IOC_SHUTDOWN without a flush drops everything that was not fsynced, as a power cut does. Needs root and loop
devices; where they are missing the test says so as a skip, which the summary counts and shows. The folder needs
nothing: the programs that write there are told that it is full (small_disk.cpp).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import pytest

from tests.services.tracseq import beside_program

EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, u32)
NO_LOG_FLUSH = 2
COMMAND_SECONDS_MAX = 60


class Room(ABC):
    """A place for files, and how much of it is left."""

    path: Path

    @property
    def free_bytes(self) -> int:
        return shutil.disk_usage(self.path).free

    @abstractmethod
    def fill(self, leave_bytes: int = 0) -> Path:
        """A file that takes the free space but so much; unlink it to give the space back."""

    def names(self) -> list[str]:
        """What lies there and was not there in the beginning."""
        return sorted(path.name for path in self.path.iterdir() if path.name != "lost+found")


class Disk(Room):
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

    def fill(self, leave_bytes: int = 0) -> Path:
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


class BoundedFolder(Room):
    """A folder that is full for the programs started between enter and exit. Not thread-safe."""

    def __init__(self, mebibytes: int) -> None:
        self._bytes = mebibytes << 20
        self._library = beside_program("tracseq_small_disk.so")
        self.path = Path(tempfile.mkdtemp(prefix="tracseq-folder-")).resolve()
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> BoundedFolder:
        self._patch.setenv("TRACSEQ_SMALL_DISK", str(self.path))
        self._patch.setenv("TRACSEQ_SMALL_DISK_BYTES", str(self._bytes))
        self._patch.setenv("LD_PRELOAD", str(self._library))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._patch.undo()
        shutil.rmtree(self.path)

    @property
    def free_bytes(self) -> int:
        free = self._bytes
        for folder, _, names in os.walk(self.path):
            for name in names:
                with suppress(FileNotFoundError):  # the server removes files meanwhile
                    free -= Path(folder, name).stat().st_size
        return free

    def fill(self, leave_bytes: int = 0) -> Path:
        ballast = self.path / "ballast"
        with ballast.open("ab") as file:  # a hole: the bound counts lengths
            file.truncate(file.tell() + max(0, self.free_bytes - leave_bytes))
        return ballast
