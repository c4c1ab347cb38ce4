# SPDX-License-Identifier: MIT
"""Fetch the libraries of third_party.txt into third_party_build/, each checked by SHA-256.

Usage: third_party.py [--npm PROGRAM] [--check]

Archives come by package name from the ordinary clients (pip download, npm pack). A file that is there with
the right hash is kept, so a second run downloads nothing. --check downloads nothing and exits 1 when a file
is missing or differs.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("third_party.txt")
TARGET = ROOT / "third_party_build"
WHEEL_FLAGS = ["--no-deps", "--only-binary", ":all:", "--implementation", "cp", "--python-version", "3.11"]
WHEEL_FLAGS += ["--platform", "manylinux_2_28_x86_64", "--platform", "manylinux_2_27_x86_64"]


@dataclass(frozen=True)
class Member:
    path: str
    sha256: str
    target: Path

    def present(self) -> bool:
        return self.target.is_file() and sha256_of(self.target) == self.sha256


@dataclass(frozen=True)
class Archive:
    name: str
    client: str
    package: str
    version: str
    sha256: str
    members: list[Member] = field(default_factory=list)

    def missing(self) -> list[Member]:
        return [member for member in self.members if not member.present()]


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_list(path: Path) -> list[Archive]:
    archives: list[Archive] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "archive" and len(words) == 6:
            name, client, package, version, sha256 = words[1:]
            archives.append(Archive(name, client, package, version, sha256))
        elif words[0] == "file" and len(words) == 4 and archives:
            archives[-1].members.append(Member(words[1], words[2], TARGET / words[3]))
        else:
            raise SystemExit(f"{path.name}:{number}: not an archive or file line: {line}")
    return archives


def download(archive: Archive, into: Path, npm: str) -> Path:
    if archive.client == "pip":
        wanted = into / "requirement.txt"
        wanted.write_text(f"{archive.package}=={archive.version} --hash=sha256:{archive.sha256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", *WHEEL_FLAGS]
        command += ["--require-hashes", "-r", str(wanted), "-d", str(into)]
    elif archive.client == "npm":
        command = [npm, "pack", "--silent", f"{archive.package}@{archive.version}"]
    else:
        raise SystemExit(f"{archive.name}: unknown client {archive.client!r}; allowed are pip and npm")
    done = subprocess.run(command, cwd=into, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{archive.name}: the download failed: {' '.join(command)}")
    found = [path for path in into.iterdir() if path.suffix in (".whl", ".tgz")]
    if len(found) != 1:
        raise SystemExit(f"{archive.name}: expected one downloaded archive, found {len(found)}")
    check_hash(archive.name, sha256_of(found[0]), archive.sha256)
    return found[0]


def check_hash(what: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise SystemExit(f"{what}: SHA-256 is {found}, the list says {wanted}; nothing was installed")


def read_member(package: Path, path: str) -> bytes:
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            return wheel.read(path)
    with tarfile.open(package) as tar:
        stream = tar.extractfile(path)
        if stream is None:
            raise SystemExit(f"{package.name}: {path} is not a file")
        return stream.read()


def install(member: Member, content: bytes) -> None:
    check_hash(member.path, hashlib.sha256(content).hexdigest(), member.sha256)
    member.target.parent.mkdir(parents=True, exist_ok=True)
    partial = member.target.with_name(member.target.name + ".partial")
    partial.write_bytes(content)
    partial.chmod(0o755 if ".so" in member.target.name else 0o644)
    partial.replace(member.target)  # a reader sees the whole file or none


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--npm", default="npm", help="the npm program to use")
    parser.add_argument("--check", action="store_true", help="download nothing; exit 1 when something is missing")
    options = parser.parse_args()
    for archive in read_list(LIST):
        missing = archive.missing()
        if not missing:
            continue
        if options.check:
            print(f"{archive.name} {archive.version}: missing {', '.join(m.target.name for m in missing)}")
            return 1
        print(f"   {archive.package} {archive.version} ({archive.client})", flush=True)
        with tempfile.TemporaryDirectory(prefix="tracseq-fetch-") as folder:
            package = download(archive, Path(folder), options.npm)
            for member in missing:
                install(member, read_member(package, member.path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
