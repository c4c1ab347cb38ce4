# SPDX-License-Identifier: MIT
"""The errors a call can raise: one class for each reason, all below `MLOpsError`.

`InvalidArgument` and `NotFound` are `ValueError`s too, `NotFound` is also a `LookupError`.
"""

from __future__ import annotations

__all__ = [
    "Cancelled",
    "Conflict",
    "DeadlineExceeded",
    "InternalError",
    "InvalidArgument",
    "MLOpsError",
    "NotFound",
    "PermissionDenied",
    "PreconditionFailed",
    "ResourceExhausted",
    "StorageFull",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "Unprocessable",
    "Unsupported",
    "error_from",
]


class MLOpsError(Exception):
    """What every error of this package is. `code` is the wire name, `field` the offending field or ""."""

    code = "internal"

    def __init__(self, message: str = "", *, field: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.request_id = request_id

    def __str__(self) -> str:
        return self.message


class InvalidArgument(MLOpsError, ValueError):
    """A value, a name or a combination that is not allowed."""

    code = "invalid"


class NotFound(MLOpsError, ValueError, LookupError):
    """There is no such object."""

    code = "not_found"


class Conflict(MLOpsError):
    """It exists already with other content, or its state does not allow this."""

    code = "conflict"


class PermissionDenied(MLOpsError):
    """The caller may not do this."""

    code = "forbidden"


class Unauthenticated(PermissionDenied):
    """The server does not know the caller: no key, or one that is wrong, expired or revoked."""

    code = "unauthenticated"


class TooLarge(MLOpsError):
    """A body, a file or a value beyond its limit."""

    code = "too_large"


class PreconditionFailed(MLOpsError):
    """The object has changed since it was read."""

    code = "precondition_failed"


class Unprocessable(MLOpsError):
    """Well formed, but it cannot be done: for example an idempotency key used for another call."""

    code = "unprocessable"


class ResourceExhausted(MLOpsError):
    """A queue or quota is full; try again later."""

    code = "resource_exhausted"


class Cancelled(MLOpsError):
    """The call was cancelled."""

    code = "cancelled"


class InternalError(MLOpsError):
    """A fault on the other side; its log knows more under `request_id`."""

    code = "internal"


class Unsupported(MLOpsError):
    """This build, model or format cannot do that; the message says what would."""

    code = "unsupported"


class Unavailable(MLOpsError):
    """The database or the server cannot be reached now."""

    code = "unavailable"


class DeadlineExceeded(MLOpsError):
    """The call took longer than it was given. It may still have happened."""

    code = "deadline"


class StorageFull(MLOpsError):
    """The disk or the store is full; nothing was written."""

    code = "storage_full"


_BY_CODE: dict[str, type[MLOpsError]] = {
    kind.code: kind
    for kind in (
        InvalidArgument,
        NotFound,
        Conflict,
        PermissionDenied,
        Unauthenticated,
        TooLarge,
        PreconditionFailed,
        Unprocessable,
        ResourceExhausted,
        Cancelled,
        InternalError,
        Unsupported,
        Unavailable,
        DeadlineExceeded,
        StorageFull,
    )
}


def error_from(code: str, message: str, *, field: str = "", request_id: str = "") -> MLOpsError:
    """The error of a wire name; `InternalError` for one that a newer server may have invented."""
    return _BY_CODE.get(code, InternalError)(message, field=field, request_id=request_id)
