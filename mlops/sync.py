# SPDX-License-Identifier: MIT
"""The same services with plain methods, for scripts and notebooks.

No event loop is needed and none is started; inside a running loop (a notebook's) these work all the same, but hold it
up while they wait.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, Callable

from . import _service

_MODULES = {
    "ABTestManager": "ab_testing",
    "DataPipeline": "data_pipeline",
    "ExperimentTracker": "experiment_tracker",
    "ModelDeploymentManager": "deployment_manager",
    "ModelMonitor": "monitoring",
    "ModelRegistry": "model_registry",
}

# The services only; they are made when they are asked for.
__all__ = sorted(_MODULES)


class _Plain:
    """A service whose coroutines run to their end in the call. Attributes are those of the service inside."""

    _service_class: type[Any]
    _inner: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        inner = self._service_class(*args, **kwargs)
        inner._io = _service.BLOCKING
        object.__setattr__(self, "_inner", inner)

    def __getattr__(self, name: str) -> Any:
        if name == "_inner":  # not made yet, or being unpickled
            raise AttributeError(name)
        return getattr(self._inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._inner, name, value)

    def __repr__(self) -> str:
        return f"<mlops.sync.{type(self).__name__} on {self._inner.database_url.split('@')[-1]}>"


def _plain(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: _Plain, *args: Any, **kwargs: Any) -> Any:
        return _service.run_blocking(getattr(self._inner, name)(*args, **kwargs))

    return call


def _make(name: str) -> type:
    from importlib import import_module

    service = getattr(import_module(f"mlops.{_MODULES[name]}"), name)
    members: dict[str, Any] = {"_service_class": service, "__doc__": service.__doc__, "__module__": __name__}
    for attribute in dir(service):
        method = getattr(service, attribute)
        if not attribute.startswith("_") and inspect.iscoroutinefunction(method):
            members[attribute] = _plain(attribute, method)
    return type(name, (_Plain,), members)


def __dir__() -> list[str]:
    return sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'mlops.sync' has no attribute {name!r}")
    made = _make(name)
    globals()[name] = made
    return made
