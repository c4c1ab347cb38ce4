# SPDX-License-Identifier: MIT
"""Logging: through structlog where it is installed and configured, else through `logging`.

Unconfigured structlog prints to standard output, which a library must not do; until somebody configures it the events
go to `logging`, where nothing below WARNING is shown by default.
"""

from __future__ import annotations

import logging
import sys
from typing import Any


class Logger:
    """Events with fields, under the name `mlops.<module>`. Thread-safe."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._logger = logging.getLogger(name)

    def _emit(self, level: int, event: str, fields: dict[str, Any]) -> None:
        structlog = sys.modules.get("structlog")  # who configures it has imported it
        if structlog is not None and structlog.is_configured():
            getattr(structlog.get_logger(self._name), logging.getLevelName(level).lower())(event, **fields)
        elif self._logger.isEnabledFor(level):
            self._logger.log(level, "%s%s", event, "".join(f" {key}={value}" for key, value in fields.items()))

    def debug(self, event: str, **fields: Any) -> None:
        self._emit(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        self._emit(logging.INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        self._emit(logging.WARNING, event, fields)

    def error(self, event: str, **fields: Any) -> None:
        self._emit(logging.ERROR, event, fields)


def logger(module: str) -> Logger:
    return Logger(module)
