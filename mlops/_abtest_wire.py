# SPDX-License-Identifier: MIT
"""A/B tests on their way to the wire and back: plans, interactions, results."""

from __future__ import annotations

import datetime as _dt
import json
import math
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Optional

from . import _json
from ._buffer import Entry
from ._monitor_values import latency, text, time_text
from ._records import choice, number, whole
from .errors import InvalidArgument

if TYPE_CHECKING:
    from .ab_testing import ABTestConfig, ABTestInteraction

CONTROL = "control"
_SHARE_TOLERANCE = 1e-6
_LONG_TEXT_MAX = 4000

# What the plan has of the record under the same name.
_SAME = (
    "primary_metric",
    "secondary_metrics",
    "guardrail_metrics",
    "minimum_detectable_effect",
    "confidence_level",
    "statistical_power",
    "planned_duration_days",
    "minimum_sample_size",
    "maximum_sample_size",
    "user_filters",
    "feature_flags",
    "error_rate_threshold",
    "latency_threshold_ms",
)


def body_of(config: ABTestConfig) -> dict[str, Any]:
    """The body that creates the test; `InvalidArgument` names the field that is wrong."""
    from .ab_testing import TestType

    plan: dict[str, Any] = {
        "test_type": choice(TestType, config.test_type, "test_type"),
        "variants": _variants(config),
    }
    for name in _SAME:
        value = getattr(config, name)
        if value is not None:
            plan[name] = _json.plain(value, name)
    for name in ("minimum_sample_size", "maximum_sample_size"):
        if name in plan:
            plan[name] = whole(plan[name], name)
    if not isinstance(config.plan, dict):
        raise InvalidArgument(f"plan is {config.plan!r}; it must be a dict", field="plan")
    plan.update(_json.plain(config.plan, "plan"))
    return {
        "test_id": config.test_id or "",
        "name": config.name,
        "description": config.description,
        "hypothesis": config.hypothesis,
        "created_by": config.created_by or "",
        "plan": plan,
    }


def _variants(config: ABTestConfig) -> list[dict[str, Any]]:
    shares = config.traffic_allocation
    if not isinstance(shares, Mapping) or CONTROL not in shares:
        raise InvalidArgument(
            f"traffic_allocation is {shares!r}; it must give each variant a share, 'control' among them",
            field="traffic_allocation",
        )
    models = list(config.treatment_models)
    others = [name for name in shares if name != CONTROL]
    if len(models) != len(others):
        raise InvalidArgument(
            f"treatment_models has {len(models)} models for {len(others)} variants besides control ({', '.join(others)})",
            field="treatment_models",
        )
    variants = []
    total = 0.0
    for name, given in shares.items():
        share = number(given, f"traffic_allocation[{name!r}]")
        if not 0 <= share <= 1:
            raise InvalidArgument(
                f"traffic_allocation[{name!r}] is {share:g}; a share is 0 to 1", field="traffic_allocation"
            )
        total += share
        variants.append(
            {"name": text(name, "traffic_allocation"), "share": share, **_model(config, models, others, name)}
        )
    if abs(total - 1) > _SHARE_TOLERANCE:
        raise InvalidArgument(
            f"the shares of traffic_allocation sum to {total:g}; they must sum to 1", field="traffic_allocation"
        )
    return variants


def _model(config: ABTestConfig, models: list[Any], others: list[str], name: str) -> dict[str, str]:
    if name == CONTROL:
        return {"model_id": config.control_model_id or "", "model_version": config.control_model_version or ""}
    model = models[others.index(name)]
    if not isinstance(model, Mapping):
        raise InvalidArgument(
            f"treatment_models has {model!r}; each is a dict with model_id and version", field="treatment_models"
        )
    version = model.get("version", model.get("model_version", ""))
    return {"model_id": str(model.get("model_id", "")), "model_version": str(version)}


def config_fields(wire: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the record, of a test on the wire."""
    plan = wire["plan"]
    control = next(one for one in plan["variants"] if one["name"] == CONTROL)
    fields = {name: plan.get(name) for name in _SAME if name in plan}
    fields["user_filters"] = plan.get("user_filters") or {}
    return {
        **fields,
        "test_id": wire["test_id"],
        "name": wire["name"],
        "description": wire["description"],
        "hypothesis": wire["hypothesis"],
        "test_type": plan["test_type"],
        "control_model_id": control.get("model_id", ""),
        "control_model_version": control.get("model_version", ""),
        "treatment_models": [
            {"model_id": one.get("model_id", ""), "version": one.get("model_version", "")}
            for one in plan["variants"]
            if one["name"] != CONTROL
        ],
        "traffic_allocation": {one["name"]: one["share"] for one in plan["variants"]},
        "created_at": wire["created_at"],
        "created_by": wire["created_by"],
        "start_date": wire.get("started_at"),
        "end_date": wire.get("ended_at"),
        "status": wire["status"],
        "plan": {name: value for name, value in plan.items() if name not in (*_SAME, "test_type", "variants")},
    }


def interaction_entry(one: ABTestInteraction) -> Entry:
    """What the buffer keeps of an interaction; `InvalidArgument` names the field that is wrong."""
    test_id = text(one.test_id, "test_id")
    wire: dict[str, Any] = {
        "interaction_id": text(one.interaction_id, "interaction_id"),
        "test_id": test_id,
        "variant_id": text(one.variant_id, "variant_id"),
        "user_id": text(one.user_id, "user_id"),
        "latency_ms": latency(one.latency_ms, "latency_ms"),
        "success": bool(one.success),
        "timestamp": time_text(one.timestamp, "timestamp"),
    }
    if one.request_data:
        wire["request_data"] = _document(one.request_data, "request_data")
    if one.response_data:
        wire["response_data"] = _document(one.response_data, "response_data")
    if one.conversion is not None:
        wire["conversion"] = bool(one.conversion)
    if one.value is not None:
        value = number(one.value, "value")
        wire["value"] = value if math.isfinite(value) else _json.number_name(value)
    if one.error_message is not None:
        wire["error_message"] = _long_text(one.error_message, "error_message")
    if one.user_agent is not None:
        wire["user_agent"] = _long_text(one.user_agent, "user_agent")
    if one.ip_address is not None:
        wire["ip_address"] = text(str(one.ip_address), "ip_address", empty=True)
    return test_id, 1, wire


def _document(value: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise InvalidArgument(f"{place} is {value!r}; it must be a dict", field=place)
    return _json.plain(value, place)


def _long_text(value: Any, place: str) -> str:
    """Text that is cut rather than refused: a message of an exception may be of any length."""
    return str(value).replace("\0", "").encode("utf-8", "replace")[:_LONG_TEXT_MAX].decode("utf-8", "ignore")


def exposure_entry(
    test_id: str, user_id: str, variant: str, time: _dt.datetime, covariates: Optional[Mapping[str, Any]]
) -> Entry:
    wire: dict[str, Any] = {
        "test_id": test_id,
        "user_id": text(user_id, "user_id"),
        "variant_id": variant,
        "timestamp": _json.format_time(time),
    }
    if covariates:
        wire["covariates"] = {str(name): _covariate(value, str(name)) for name, value in covariates.items()}
    return test_id, 1, wire


def _covariate(value: Any, name: str) -> float:
    result = number(value, f"covariates[{name!r}]")
    if not math.isfinite(result):
        raise InvalidArgument(f"covariates[{name!r}] is {result}; it must be finite", field="covariates")
    return result


def new_interaction_id() -> str:
    return uuid.uuid4().hex


def _encode(name: str, batch: Sequence[Entry]) -> bytes:
    return (f'{{"{name}":' + json.dumps([entry[2] for entry in batch], separators=(",", ":")) + "}").encode()


def encode_interactions(batch: Sequence[Entry]) -> bytes:
    return _encode("interactions", batch)


def encode_exposures(batch: Sequence[Entry]) -> bytes:
    return _encode("exposures", batch)


def user_text(value: Any) -> str:
    """A user's id as the server takes it."""
    return text(value if isinstance(value, str) else str(value), "user_id", empty=True)
