# SPDX-License-Identifier: MIT
"""The include graph that docs/ARCHITECTURE.md describes, as data. Who includes what is checked against it."""

from __future__ import annotations

# Folder below src/ -> folders it may include besides itself. A folder covers its subfolders unless a subfolder
# has a line of its own.
STORAGE = {
    "storage/sql": {"base"},
    "storage/tables": {"base"},
    "storage/cache": {"base"},  # yet to come, with Redis
    "storage/artifacts": {"base", "storage/sql"},
    "storage/jobs": {"base", "storage/sql"},
}

DOMAIN_EDGES = {
    "audit": set(),
    "security": set(),
    "data": set(),
    "features": {"data"},
    "tracking": set(),
    "registry": {"tracking"},
    "serving": {"registry", "features"},
    "abtest": set(),
    "monitoring": set(),
    "deployment": {"registry", "serving", "monitoring", "abtest"},
    "learning": {"data", "tracking", "registry", "monitoring", "deployment"},
}

BELOW_DOMAIN = {"base", "stats", *STORAGE}
DOMAINS = {f"domain/{name}" for name in DOMAIN_EDGES}
BELOW_API = BELOW_DOMAIN | DOMAINS
BELOW_SERVER = BELOW_API | {"api"}

ALLOWED: dict[str, set[str]] = {
    "base": set(),
    "stats": {"base"},
    **STORAGE,
    **{
        f"domain/{name}": BELOW_DOMAIN | {"domain/audit"} | {f"domain/{other}" for other in edges}
        for name, edges in DOMAIN_EDGES.items()
    },
    "api": BELOW_API,
    "server": BELOW_SERVER,
    "cli": BELOW_SERVER | {"server"},
    "python": BELOW_SERVER | {"server"},
}

# Headers that only some folders may include: a library stays behind its one interface.
LIBRARY_HOMES: dict[str, set[str]] = {
    "boost/beast": {"server"},
    "boost/asio": {"server"},
    "sqlite3.h": {"storage/sql"},
    "libpq-fe.h": {"storage/sql"},
    "duckdb.h": {"storage/tables"},
    "Python.h": {"python"},
    "CLI/": {"cli"},
}

# The drivers behind the SQL seam: only the seam's own folder and the programs that compose it name them.
DRIVERS = {"storage/sql/sqlite", "storage/sql/postgres"}
DRIVER_USERS = {"storage/sql", "cli", "python"}


def module_of(path: str) -> str | None:
    """The folder of ALLOWED that a path below src/ belongs to."""
    parts = path.split("/")
    for depth in (2, 1):
        candidate = "/".join(parts[:depth])
        if len(parts) > depth and candidate in ALLOWED:
            return candidate
    return None
