# SPDX-License-Identifier: MIT
"""A/B tests: users are assigned, what they meet is logged, and results may be looked at as often as one likes."""

from __future__ import annotations

import datetime as _dt
import enum
import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, Union

from . import _abtest_wire, _json
from ._abtest_results import result_fields
from ._buffer import buffer_of
from ._driver import ensure_driver
from ._log import logger
from ._records import from_wire, optional_choice, record, utc_now, whole
from ._service import Service, folder_of
from ._transport import target
from .errors import Conflict, InvalidArgument, MLOpsError, NotFound, PreconditionFailed

__all__ = ["ABTestConfig", "ABTestInteraction", "ABTestManager", "ABTestResult", "TestStatus", "TestType"]

_log = logger("mlops.ab_testing")
_TESTS = "/api/v1/abtests"
_TEST = _TESTS + "/{}"
_EXPOSURES = "/api/v1/abtest-exposures"
_INTERACTIONS = "/api/v1/abtest-interactions"
_TOGETHER = 2_000  # a call takes 5,000; a shorter transaction lets others in between
_PAGE = 1000
_KNOWN_SECONDS = 1.0  # that a test's status is believed
_KNOWN_MAX = 1_000


class TestStatus(enum.Enum):
    __test__ = False

    PLANNING = "planning"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class TestType(enum.Enum):
    __test__ = False

    CHAMPION_CHALLENGER = "champion_challenger"
    MULTIVARIATE = "multivariate"
    GRADUAL_ROLLOUT = "gradual_rollout"
    CANARY = "canary"


@record
@dataclass
class ABTestConfig:
    """A test and its plan, which is fixed when it is created. An empty `test_id` is filled in.

    `plan` holds what the plan has beyond these fields: method, correction, metrics, ramp, forced_variants, …
    """

    test_id: str = ""
    name: str = ""
    description: str = ""
    test_type: TestType = TestType.CHAMPION_CHALLENGER
    control_model_id: str = ""
    control_model_version: str = ""
    treatment_models: list[dict[str, str]] = field(default_factory=list)
    traffic_allocation: dict[str, float] = field(default_factory=dict)
    hypothesis: str = ""
    primary_metric: str = "accuracy"
    secondary_metrics: list[str] = field(default_factory=list)
    minimum_detectable_effect: float = 0.05
    confidence_level: float = 0.95
    statistical_power: float = 0.8
    planned_duration_days: int = 14
    minimum_sample_size: int = 1000
    maximum_sample_size: Optional[int] = None
    user_filters: dict[str, Any] = field(default_factory=dict)
    feature_flags: list[str] = field(default_factory=list)
    guardrail_metrics: list[str] = field(default_factory=list)
    error_rate_threshold: float = 0.1
    latency_threshold_ms: float = 1000
    created_at: _dt.datetime = field(default_factory=utc_now)
    created_by: str = ""
    start_date: Optional[_dt.datetime] = None
    end_date: Optional[_dt.datetime] = None
    status: TestStatus = TestStatus.PLANNING
    plan: dict[str, Any] = field(default_factory=dict)


@record
@dataclass
class ABTestResult:
    """How a variant does. `p_value`, `confidence_interval` (of `effect_size`, the difference from control in the primary
    metric) and `is_statistically_significant` hold at every look; the fixed-horizon ones only at the planned end.
    """

    test_id: str
    variant_id: str
    sample_size: int
    conversion_rate: Optional[float] = None
    mean_value: Optional[float] = None
    std_deviation: Optional[float] = None
    accuracy: Optional[float] = None
    precision: Optional[float] = None
    recall: Optional[float] = None
    f1_score: Optional[float] = None
    custom_metrics: dict[str, float] = field(default_factory=dict)
    average_latency_ms: float = 0.0
    error_rate: float = 0.0
    throughput_rps: float = 0.0
    p_value: Optional[float] = None
    confidence_interval: Optional[tuple[float, float]] = None
    effect_size: Optional[float] = None
    is_statistically_significant: bool = False
    calculated_at: _dt.datetime = field(default_factory=utc_now)
    users: int = 0
    fixed_p_value: Optional[float] = None
    fixed_confidence_interval: Optional[tuple[float, float]] = None
    not_testable_reason: Optional[str] = None


@record
@dataclass
class ABTestInteraction:
    """One request of a user to a variant. `interaction_id` is unique within its test; a repeat is the same one."""

    interaction_id: str = ""
    test_id: str = ""
    variant_id: str = ""
    user_id: str = ""
    request_data: dict[str, Any] = field(default_factory=dict)
    response_data: dict[str, Any] = field(default_factory=dict)
    latency_ms: float = 0.0
    success: bool = True
    error_message: Optional[str] = None
    conversion: Optional[bool] = None
    value: Optional[float] = None
    timestamp: _dt.datetime = field(default_factory=utc_now)
    user_agent: Optional[str] = None
    ip_address: Optional[str] = None


class ABTestManager(Service):
    """The A/B tests of one database. Usable from any thread and any event loop."""

    def __init__(self, database_url: str, results_dir: Union[str, Path]) -> None:
        super().__init__(database_url)
        self.results_dir = folder_of(results_dir, "results_dir")
        drive = functools.partial(ensure_driver, self._transport)  # looks at live tests are taken by whoever drives
        self._interactions = buffer_of(
            self._transport, _INTERACTIONS, _abtest_wire.encode_interactions, _TOGETHER, drive
        )
        self._exposures = buffer_of(self._transport, _EXPOSURES, _abtest_wire.encode_exposures, _TOGETHER, drive)
        self._known: dict[str, tuple[float, str, frozenset[str], Optional[_dt.datetime]]] = {}

    async def create_test(self, config: ABTestConfig) -> str:
        """Stores the test with its plan and returns its id, which is written back into the record. Versions that are not
        registered are warned about.
        """
        made = await self._send("POST", _TESTS, _abtest_wire.body_of(config))
        config.test_id = str(made["test_id"])
        config.status = TestStatus(made["status"])
        for variant in made["plan"]["variants"]:
            await self._warn_of_unregistered(config.test_id, variant)
        _log.info("ab_test_created", test_id=config.test_id, name=config.name)
        return config.test_id

    async def _warn_of_unregistered(self, test_id: str, variant: Mapping[str, Any]) -> None:
        model, version = variant.get("model_id") or "", variant.get("model_version") or ""
        if not model or not version:
            return
        try:
            await self._get(target("/api/v1/models/{}/versions/{}", model, version))
        except (NotFound, InvalidArgument):
            _log.warning(
                "version_not_registered", test_id=test_id, variant=variant["name"], model=model, version=version
            )
        except MLOpsError as error:  # a key that may not read models, a registry that is away: no reason to refuse
            _log.debug("version_not_checked", test_id=test_id, variant=variant["name"], reason=str(error))

    async def start_test(self, test_id: str) -> bool:
        """Begins to assign; False for an unknown test and one that was started before."""
        return await self._move(test_id, "start", "ab_test_started", "")

    async def pause_test(self, test_id: str, reason: str = "Manual pause") -> bool:
        """Nobody is assigned until `resume_test`; False where it does not run."""
        return await self._move(test_id, "pause", "ab_test_paused", reason)

    async def resume_test(self, test_id: str, reason: str = "") -> bool:
        """Assigns again; False where it is not paused."""
        return await self._move(test_id, "resume", "ab_test_resumed", reason)

    async def stop_test(self, test_id: str, reason: str = "Manual stop") -> bool:
        """Ends the test for good; False for an unknown one and one that has ended."""
        return await self._move(test_id, "stop", "ab_test_stopped", reason)

    async def _move(self, test_id: str, verb: str, event: str, reason: str) -> bool:
        await self.flush()
        self._known.pop(test_id, None)
        try:
            await self._send("POST", target(_TEST + "/" + verb, test_id), {"reason": reason})
        except (NotFound, Conflict, PreconditionFailed) as refusal:
            _log.warning(f"{event}_refused", test_id=test_id, reason=str(refusal))
            return False
        _log.info(event, test_id=test_id, reason=reason)
        return True

    async def assign_variant(
        self,
        test_id: str,
        user_id: str,
        attributes: Optional[dict[str, Any]] = None,
        *,
        covariates: Optional[dict[str, float]] = None,
    ) -> Optional[str]:
        """The user's variant, always the same one; None where the test does not run or the user is not in it. The
        exposure is logged. `covariates` are numbers of before the exposure that metrics are planned with (CUPED).
        """
        user = _abtest_wire.user_text(user_id)
        body = {"user_id": user, "attributes": _json.plain(dict(attributes or {}), "attributes")}
        try:
            answer = await self._send("POST", target(_TEST + "/assign", test_id), body)
        except NotFound:
            return None
        variant: Optional[str] = answer.get("variant")
        if variant is not None and answer["counted"]:
            entry = _abtest_wire.exposure_entry(test_id, user, variant, utc_now(), covariates)
            await self._add(self._exposures, entry)
        return variant

    async def log_interaction(self, interaction: ABTestInteraction) -> None:
        """Accepts an interaction; it is committed within 20 ms. An empty `interaction_id` is filled in."""
        if not interaction.interaction_id:
            interaction.interaction_id = _abtest_wire.new_interaction_id()
        entry = _abtest_wire.interaction_entry(interaction)
        await self._check_taken(interaction.test_id, interaction.variant_id)
        await self._add(self._interactions, entry)

    async def _check_taken(self, test_id: str, variant: str) -> None:
        known = self._known.get(test_id)
        if known is None or time.monotonic() - known[0] > _KNOWN_SECONDS:
            known = await self._look_up(test_id)
        _, status, variants, ended = known
        if variant not in variants:
            raise InvalidArgument(
                f"variant_id is {variant!r}; the A/B test {test_id!r} has the variants {', '.join(sorted(variants))}",
                field="variant_id",
            )
        late = ended is not None and utc_now() - ended > _dt.timedelta(hours=24)
        if status in ("planning", "cancelled") or late:
            raise Conflict(
                f"the A/B test {test_id!r} is {status}; it takes data while it runs or is paused and for 24 h after",
                field="test_id",
            )

    async def _look_up(self, test_id: str) -> tuple[float, str, frozenset[str], Optional[_dt.datetime]]:
        wire = await self._get(target(_TEST, test_id))
        ended = wire.get("ended_at")
        known = (
            time.monotonic(),
            str(wire["status"]),
            frozenset(str(one["name"]) for one in wire["plan"]["variants"]),
            None if ended is None else _json.parse_time(ended),
        )
        if len(self._known) >= _KNOWN_MAX:
            self._known.clear()
        self._known[test_id] = known
        return known

    async def flush(self) -> None:
        """Returns after everything this process logged on this database is committed."""
        for buffer in (self._exposures, self._interactions):
            await self._flush(buffer)

    async def calculate_results(self, test_id: str) -> dict[str, ABTestResult]:
        """How the variants that have interactions do now."""
        wire = await self.get_results(test_id)
        return {
            one["name"]: from_wire(ABTestResult, result_fields(wire, one))
            for one in wire["variants"]
            if one["interactions"] > 0
        }

    async def get_results(self, test_id: str) -> dict[str, Any]:
        """The whole report: the check of the split, every metric of every variant, the verdict and its reason."""
        await self.flush()
        wire: dict[str, Any] = await self._get(target(_TEST + "/results", test_id))
        return wire

    async def check_for_early_stopping(self, test_id: str) -> bool:
        """Whether a variant is shown better or worse than control; then the test is completed."""
        await self.flush()
        self._known.pop(test_id, None)
        checked = await self._send("POST", target(_TEST + "/check", test_id), {})
        if checked["stopped"]:
            _log.info("ab_test_stopped", test_id=test_id, reason=checked["reason"])
        return bool(checked["stopped"])

    async def get_test_config(self, test_id: str) -> Optional[ABTestConfig]:
        """The test as it is now; None for an unknown one."""
        await self.flush()
        try:
            wire = await self._get(target(_TEST, test_id))
        except NotFound:
            return None
        given = {name: value for name, value in _abtest_wire.config_fields(wire).items() if value is not None}
        return from_wire(ABTestConfig, given)

    async def list_tests(self, status: Optional[TestStatus] = None, limit: int = 50) -> list[dict[str, Any]]:
        """Tests, newest first."""
        wanted = optional_choice(TestStatus, status, "status")
        left = whole(limit, "limit")
        if left < 1:
            raise InvalidArgument(f"limit is {limit}; it must be at least 1", field="limit")
        rows: list[dict[str, Any]] = []
        token: Optional[str] = None
        while left > len(rows):
            size = min(left - len(rows), _PAGE)
            page = await self._get(target(_TESTS, status=wanted, limit=size, page_token=token))
            rows.extend(_row_of(one) for one in page["items"])
            token = page.get("next_page_token")
            if not token:
                break
        return rows

    async def plan_test(self, **design: Any) -> dict[str, Any]:
        """Sample size and duration: `baseline`, `effect` (relative), `std_dev` for means, `users_per_day`, `power`, …"""
        wire: dict[str, Any] = await self._send("POST", "/api/v1/abtest-plans", _json.plain(design, "design"))
        return wire


def _row_of(wire: Mapping[str, Any]) -> dict[str, Any]:
    def moment(name: str) -> Optional[_dt.datetime]:
        return _json.parse_time(wire[name]) if wire.get(name) else None

    return {
        "test_id": wire["test_id"],
        "name": wire["name"],
        "test_type": wire["plan"]["test_type"],
        "status": wire["status"],
        "created_at": moment("created_at"),
        "start_date": moment("started_at"),
        "end_date": moment("ended_at"),
        "winner_variant": wire["winner"] or None,
        "statistical_significance": bool(wire["significant"]),
    }
