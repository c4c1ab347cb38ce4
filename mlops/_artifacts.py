# SPDX-License-Identifier: MIT
"""Files of runs and models for the services: storing, and a local readable file of what is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import _files
from ._service import STREAM_SECONDS, Service
from ._transport import target


async def download(service: Service, artifact_id: str, digest: str, name: str, size: int) -> Path:
    """A verified copy in the user's cache; fetched only if it is not there yet."""
    place = _files.cached(digest, name)
    if await service._io.run(_files.is_good_copy, place, digest, size):
        return place
    temporary = _files.new_temporary(place)
    try:
        await service._request(
            "GET", target("/api/v1/artifacts/{}/content", artifact_id), sink=temporary, seconds=STREAM_SECONDS
        )
        return await service._io.run(_files.keep, temporary, digest, place)
    finally:
        temporary.unlink(missing_ok=True)


def _is_file(path: str) -> bool:
    return Path(path).is_file()


async def local_file(service: Service, info: dict[str, Any]) -> str:
    """The file of an artifact on this machine: the store's own, else a verified copy."""
    own = str(info.get("local_path") or "")
    if own:
        here: bool = await service._io.run(_is_file, own)
        if here:
            return own
    return str(await download(service, info["artifact_id"], info["digest"], info["name"], info["size_bytes"]))
