# SPDX-License-Identifier: MIT
"""Content on its way to and from the artifact store: pickles, digests, and the verified copies of remote files."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Optional

from .errors import InvalidArgument, MLOpsError, Unavailable

_CHUNK = 1 << 20
_UNSAFE = re.compile(r"[^\w.\- /]+", re.UNICODE)
_SEGMENT_MAX = 200


class Content(NamedTuple):
    """A file ready to be sent. `encoding` is pickle, text or bytes: how it becomes an object again."""

    path: Path
    digest: str
    encoding: str


@contextlib.contextmanager
def content_of(value: Any) -> Iterator[Content]:
    """The value as a file that exists while the block runs: bytes as they are, text as UTF-8, else a plain pickle."""
    handle, name = tempfile.mkstemp(prefix="mlops-")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            encoding = _write(value, file)
        yield Content(path, digest_of(path), encoding)
    finally:
        path.unlink(missing_ok=True)


def _write(value: Any, file: Any) -> str:
    if isinstance(value, (bytes, bytearray, memoryview)):
        file.write(value)
        return "bytes"
    if isinstance(value, str):
        file.write(value.encode())
        return "text"
    try:
        pickle.dump(value, file, protocol=pickle.DEFAULT_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidArgument(f"a {type(value).__name__} cannot be pickled: {error}", field="content") from None
    return "pickle"


def read(path: Path, encoding: str) -> Any:
    """The object a file was made of. Unpickling runs code of whoever wrote the file: only load what you trust."""
    data = path.read_bytes()
    if encoding == "bytes":
        return data
    if encoding == "text":
        return data.decode()
    return pickle.loads(data)


def digest_of(path: Path) -> str:
    """SHA-256 in hex."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            hasher.update(chunk)
    return hasher.hexdigest()


def safe_path(name: str, suffix: str = "") -> str:
    """A name as an artifact's path: what a path must not hold is replaced; a bare name gets the suffix."""
    segments = []
    for segment in _UNSAFE.sub("_", name).split("/"):
        clean = segment.strip().strip(".")[:_SEGMENT_MAX].strip()
        if clean:
            segments.append(clean)
    segments = segments or ["artifact"]
    bare = "." not in segments[-1]
    return "/".join(segments) + (suffix if bare else "")


def cache_folder() -> Path:
    """Where verified copies lie: `$XDG_CACHE_HOME/tracseq/artifacts`, else below `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "tracseq" / "artifacts"


def cached(digest: str, name: str) -> Path:
    """The place of the copy of that content."""
    return cache_folder() / digest[:2] / digest / (safe_path(name).rsplit("/", 1)[-1])


def keep(temporary: Path, digest: str, target: Path) -> Path:
    """Moves a download to its place if its digest is right; else it is removed and `Unavailable` raised."""
    found = digest_of(temporary)
    if found != digest:
        temporary.unlink(missing_ok=True)
        raise Unavailable(f"the content of {target.name} arrived damaged: SHA-256 is {found}, it must be {digest}")
    temporary.replace(target)
    return target


def new_temporary(target: Path) -> Path:
    """A name beside the target that no other process uses."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".new-", dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise Unavailable(f"{target.parent} cannot be written: {error}") from None
    return Path(name)


def is_good_copy(path: Path, digest: str, size: Optional[int]) -> bool:
    """Whether a kept copy is still what it was: the size at once, the digest only where the size is right."""
    try:
        return path.is_file() and (size is None or path.stat().st_size == size) and digest_of(path) == digest
    except (OSError, MLOpsError):
        return False
