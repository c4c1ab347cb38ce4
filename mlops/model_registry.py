# SPDX-License-Identifier: MIT
"""Models and their versions: registration, stages, the Python object back."""

from __future__ import annotations

import datetime as _dt
import enum
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, Union

from . import _artifacts, _files, _json
from ._log import logger
from ._native import identifier
from ._records import choice, from_wire, optional_choice, record, to_wire, utc_now, whole
from ._records import number as _number
from ._service import STREAM_SECONDS, Service, folder_of
from ._transport import target
from .errors import Conflict, InvalidArgument, MLOpsError, NotFound, PreconditionFailed, Unavailable

__all__ = ["ModelMetadata", "ModelRegistry", "ModelStatus"]

_log = logger("mlops.model_registry")
_MODELS = "/api/v1/models"
_VERSION = "/api/v1/models/{}/versions/{}"
_PAGE = 1000  # most rows a list answers at once
_KNOWN_FROM_BYTES = 1 << 20  # larger contents are asked for by digest before they are sent
# What a method that answers a bool takes as a no.
_REFUSALS = (NotFound, PreconditionFailed, Conflict)
# Filled by the registry, not by the caller.
_ANSWERED = ("created_at", "updated_at", "model_path", "config_path", "requirements_path")


class ModelStatus(enum.Enum):
    TRAINING = "training"
    VALIDATING = "validating"
    STAGING = "staging"
    PRODUCTION = "production"
    ARCHIVED = "archived"
    FAILED = "failed"


@record
@dataclass
class ModelMetadata:
    """One version of a model. `model_path`, `config_path`, `requirements_path` and the times are filled in."""

    model_id: str
    version: str = ""
    name: str = ""
    description: str = ""
    model_type: str = ""
    framework: str = ""
    accuracy: float = 0.0
    precision: float = 0.0
    recall: float = 0.0
    f1_score: float = 0.0
    confidence_score: float = 0.0
    training_data_hash: str = ""
    training_duration_seconds: float = 0.0
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    feature_columns: list[str] = field(default_factory=list)
    status: ModelStatus = ModelStatus.STAGING
    created_at: _dt.datetime = field(default_factory=utc_now)
    updated_at: _dt.datetime = field(default_factory=utc_now)
    created_by: str = ""
    model_path: str = ""
    config_path: str = ""
    requirements_path: Optional[str] = None
    prediction_count: int = 0
    average_inference_time_ms: float = 0.0
    error_rate: float = 0.0
    traffic_percentage: float = 0.0
    ab_test_id: Optional[str] = None


class ModelRegistry(Service):
    """The models of one database. Usable from any thread and any event loop."""

    def __init__(self, registry_path: Union[str, Path], database_url: str) -> None:
        super().__init__(database_url)
        self.registry_path = folder_of(registry_path, "registry_path")

    async def register_model(
        self,
        model: Any,
        metadata: ModelMetadata,
        config: dict[str, Any],
        requirements: Optional[list[str]] = None,
        pipeline_run_id: Optional[str] = None,
    ) -> str:
        """Registers a version and returns "<model_id>:<version>". The paths, times and an empty version are written
        back into `metadata`. The same content under the same version again changes nothing; other content is
        `Conflict`. A scikit-learn model is converted for serving; one that cannot be is registered all the same.
        """
        identifier(metadata.model_id, "model_id")  # before it becomes part of a path, and before anything is sent
        body = to_wire(metadata, leave_out=_ANSWERED)
        needed = await self._io.run(_requirements, model) if requirements is None else _texts(requirements)
        settings = _json.plain(config or {}, "config")
        conversion = await self._convert(model, pipeline_run_id, metadata)
        with _files.content_of(model) as original:
            files = [await self._upload("model.pkl", "original", original.path, original.digest)]
        if conversion.onnx is not None:
            files.append(await self._upload_bytes("model.onnx", "onnx", conversion.onnx))
        files.append(await self._upload_bytes("config.json", "config", _pretty(settings)))
        files.append(await self._upload_bytes("requirements.txt", "requirements", _lines(needed)))
        warnings = _warnings(metadata, conversion)
        body.update(
            config=settings,
            requirements=needed,
            files=files,
            warnings=warnings,
            signature=_signature(conversion),
            not_servable_reason=conversion.reason,
        )
        if pipeline_run_id:
            body["pipeline_run_id"] = pipeline_run_id
        made = await self._send("POST", target(_MODELS + "/{}/versions", metadata.model_id), body)
        await self._write_back(metadata, made)
        for warning in warnings:
            _log.warning("model_warning", model_id=metadata.model_id, version=metadata.version, warning=warning)
        if conversion.reason:
            _log.warning(
                "model_not_servable", model_id=metadata.model_id, version=metadata.version, reason=conversion.reason
            )
        _log.info("model_registered", model_id=metadata.model_id, version=metadata.version)
        return f"{metadata.model_id}:{metadata.version}"

    async def _convert(self, model: Any, pipeline_run_id: Optional[str], metadata: ModelMetadata) -> Any:
        from ._linked_rows import linked_rows
        from ._onnx import convert

        rows = await linked_rows(
            self, model, pipeline_run_id, metadata.training_data_hash, list(metadata.feature_columns)
        )
        return await self._io.run(convert, model, rows)

    async def _upload_bytes(self, name: str, role: str, data: bytes) -> dict[str, str]:
        with _files.content_of(data) as content:
            return await self._upload(name, role, content.path, content.digest)

    async def _upload(self, name: str, role: str, path: Path, digest: str) -> dict[str, str]:
        root = None if self._transport.remote else str(self.registry_path)
        info: Optional[dict[str, Any]] = None
        if _size_of(path) >= _KNOWN_FROM_BYTES:
            try:
                info = await self._send("POST", "/api/v1/uploads", _present(name=name, digest=digest, root=root))
            except NotFound:
                info = None
        if info is None:
            query = target("/api/v1/uploads", name=name, digest=digest, root=root)
            info = (await self._request("PUT", query, body=path, seconds=STREAM_SECONDS)).json()
        return {"name": name, "role": role, "artifact_id": str(info["artifact_id"])}

    async def _write_back(self, metadata: ModelMetadata, wire: dict[str, Any]) -> None:
        known = await self._metadata(wire)
        for name in ("version", "created_by", "status", *_ANSWERED):
            setattr(metadata, name, getattr(known, name))

    async def _metadata(self, wire: dict[str, Any], *, fetch: bool = True) -> ModelMetadata:
        """The record of a version with its files on this machine; without `fetch`, with those that are here already."""
        metadata = from_wire(ModelMetadata, {name: value for name, value in wire.items() if value is not None})
        for info in wire.get("files", []):
            if not fetch and not info.get("local_path"):
                continue
            if info["role"] == "original":
                metadata.model_path = await _artifacts.local_file(self, info)
            elif info["role"] == "config":
                metadata.config_path = await _artifacts.local_file(self, info)
            elif info["role"] == "requirements":
                metadata.requirements_path = await _artifacts.local_file(self, info)
        return metadata

    async def _find(self, model_id: str, version: Optional[str]) -> dict[str, Any]:
        if version:
            return dict(await self._get(target(_VERSION, _text(model_id, "model_id"), _text(version, "version"))))
        return dict(await self._get(target(_MODELS + "/{}/latest", _text(model_id, "model_id"))))

    async def get_model(self, model_id: str, version: Optional[str] = None) -> tuple[Any, ModelMetadata]:
        """The Python object as it was registered, and its metadata; left out, the newest version. Unpickling runs code
        of whoever registered it.
        """
        wire = await self._find(model_id, version)
        metadata = await self._metadata(wire)
        return await self._load(wire), metadata

    async def _load(self, wire: dict[str, Any]) -> Any:
        for info in wire.get("files", []):
            if info["role"] == "original":
                path = Path(await _artifacts.local_file(self, info))
                return await self._io.run(_load, path, info["digest"])
        raise NotFound(f"{wire['model_id']}:{wire['version']} holds no Python object")

    async def get_model_metadata(self, model_id: str, version: Optional[str] = None) -> Optional[ModelMetadata]:
        """The metadata of a version, or of the newest; None if there is none."""
        try:
            return await self._metadata(await self._find(model_id, version))
        except NotFound:
            return None

    async def list_models(
        self, model_type: Optional[str] = None, status: Optional[ModelStatus] = None, limit: int = 50
    ) -> list[ModelMetadata]:
        """Versions of all models, newest first. From a server their files are not fetched: the paths stay empty."""
        wanted = optional_choice(ModelStatus, status, "status")
        found: list[ModelMetadata] = []
        token: Optional[str] = None
        while len(found) < limit:
            size = min(limit - len(found), _PAGE)
            query = target("/api/v1/model-versions", model_type=model_type, status=wanted, limit=size, page_token=token)
            page = await self._get(query)
            for wire in page["items"]:
                found.append(await self._metadata(wire, fetch=False))
            token = page.get("next_page_token")
            if not token:
                break
        return found

    async def update_model_status(self, model_id: str, version: str, status: ModelStatus) -> bool:
        """Moves a version to a status; False, and the reason in the log, if that is not allowed."""
        body = {"status": choice(ModelStatus, status, "status")}
        path = target(_VERSION, _text(model_id, "model_id"), _text(version, "version"))
        return await self._try("PATCH", path, body, "model_status_updated", model_id=model_id, version=version, **body)

    async def promote_model(self, model_id: str, version: str, to_status: ModelStatus) -> bool:
        """Moves a version to a status. Into production goes only a version with an error rate below 0.05, and the
        former production version steps back to staging in the same transaction.
        """
        body = {"to_status": choice(ModelStatus, to_status, "to_status")}
        path = target(_VERSION + "/promote", _text(model_id, "model_id"), _text(version, "version"))
        return await self._try("POST", path, body, "model_promoted", model_id=model_id, version=version, **body)

    async def update_performance_metrics(
        self, model_id: str, version: str, prediction_count: int, inference_time_ms: float, error_rate: float
    ) -> bool:
        """Sets the counters of a version; False for an unknown one."""
        body = {
            "prediction_count": whole(prediction_count, "prediction_count"),
            "inference_time_ms": _number(inference_time_ms, "inference_time_ms"),
            "error_rate": _number(error_rate, "error_rate"),
        }
        path = target(_VERSION + "/performance", _text(model_id, "model_id"), _text(version, "version"))
        return await self._try("POST", path, body, "model_performance_updated", model_id=model_id, version=version)

    async def delete_model(self, model_id: str, version: str) -> bool:
        """Deletes a version; False for an unknown one and for one in production."""
        path = target(_VERSION, _text(model_id, "model_id"), _text(version, "version"))
        return await self._try("DELETE", path, None, "model_deleted", model_id=model_id, version=version)

    async def rollback_model(self, model_id: str, to_version: Optional[str] = None) -> bool:
        """Brings back a version into production, left out the one that was there before; False if there is none."""
        path = target(_MODELS + "/{}/rollback", _text(model_id, "model_id"))
        body = {"to_version": to_version or ""}
        return await self._try("POST", path, body, "model_rolled_back", model_id=model_id, to_version=to_version)

    async def _try(self, method: str, path: str, body: Any, event: str, **ids: Any) -> bool:
        try:
            await self._send(method, path, body)
        except _REFUSALS as refusal:
            _log.warning(f"{event}_refused", reason=str(refusal), **ids)
            return False
        _log.info(event, **ids)
        return True

    async def get_production_model(self, model_type: str) -> Optional[tuple[Any, ModelMetadata]]:
        """The production version of the model of that id if there is one, else of that type; None without one."""
        try:
            wire = await self._get(target("/api/v1/production-models/{}", _text(model_type, "model_type")))
        except NotFound:
            return None
        return await self._load(wire), await self._metadata(wire)


def _requirements(model: Any) -> list[str]:
    from ._requirements import requirements_of

    return requirements_of(model)


def _texts(requirements: Sequence[str]) -> list[str]:
    if isinstance(requirements, str) or not all(isinstance(line, str) for line in requirements):
        raise InvalidArgument("requirements must be a list of texts, one requirement each", field="requirements")
    return [line.strip() for line in requirements if line.strip()]


def _text(value: Any, field_name: str) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidArgument(f"{field_name} is {value!r}; it must be text", field=field_name)
    return value


def _present(**members: Optional[str]) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}


def _pretty(document: Any) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False).encode()


def _lines(texts: Sequence[str]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()


def _size_of(path: Path) -> int:
    return path.stat().st_size


def _load(path: Path, digest: str) -> Any:
    found = _files.digest_of(path)
    if found != digest:
        raise Unavailable(f"{path} is damaged: its SHA-256 is {found}, it must be {digest}")
    try:
        return _files.read(path, "pickle")
    except ImportError as error:
        raise Unavailable(f"the model needs {error.name}, which is not installed here: {error}") from error
    except MLOpsError:
        raise
    except Exception as error:
        raise Unavailable(f"the model in {path} cannot be unpickled: {type(error).__name__}: {error}") from error


_ONNX_TYPES = {1: "FP32", 6: "INT32", 7: "INT64", 8: "BYTES", 9: "BOOL", 11: "FP64"}


def _signature(conversion: Any) -> dict[str, Any]:
    """Inputs and outputs in the words of the Open Inference Protocol; empty where nothing was converted."""
    if conversion.onnx is None:
        return {}
    outputs = [
        {"name": out["name"], "datatype": _ONNX_TYPES.get(out["type"], "BYTES"), "shape": [-1]}
        for out in conversion.outputs
    ]
    if len(outputs) > 1 and conversion.classes:
        outputs[1]["shape"] = [-1, len(conversion.classes)]
    signature = {
        "inputs": [{"name": "input", "datatype": "FP64", "shape": [-1, conversion.features]}],
        "outputs": outputs,
        "classes": conversion.classes,
    }
    if conversion.feature_names:
        signature["feature_names"] = conversion.feature_names
    return signature


def _warnings(metadata: ModelMetadata, conversion: Any) -> list[str]:
    """Where the description disagrees with the model itself; never a refusal."""
    columns = list(metadata.feature_columns)
    if not columns or conversion.features is None:
        return []
    if conversion.feature_names and columns != conversion.feature_names:
        return [f"feature_columns are {columns[:20]}; the model was fitted on {conversion.feature_names[:20]}"]
    if len(columns) != conversion.features:
        return [f"feature_columns name {len(columns)} columns; the model takes {conversion.features}"]
    return []
