# SPDX-License-Identifier: MIT
"""Deployments: versions of models on running replicas behind one stable address per model and environment."""

from __future__ import annotations

import datetime as _dt
import enum
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from . import _json
from ._driver import ensure_driver
from ._log import logger
from ._records import choice, from_wire, number, optional_choice, record, to_wire, utc_now
from ._service import Service
from ._transport import target
from .errors import Conflict, InvalidArgument, NotFound, PreconditionFailed

__all__ = [
    "DeploymentConfig",
    "DeploymentEnvironment",
    "DeploymentRecord",
    "DeploymentStatus",
    "DeploymentStrategy",
    "ModelDeploymentManager",
    "ServiceEndpoint",
]

_log = logger("mlops.deployment_manager")
_DEPLOYMENTS = "/api/v1/deployments"
_SERVICES = "/api/v1/services"
_PAGE = 1000  # most rows a list answers at once
_LOOK_SECONDS = 0.05  # between two looks whether something has happened
_READY_SECONDS = 300.0  # where the deployment does not say how long it may take
# What a method that answers a bool takes as a no.
_REFUSALS = (NotFound, PreconditionFailed, Conflict, InvalidArgument)
_UNDER_WAY = ("pending", "deploying", "rolling_back")


class DeploymentStatus(enum.Enum):
    PENDING = "pending"
    DEPLOYING = "deploying"
    DEPLOYED = "deployed"
    FAILED = "failed"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"


class DeploymentEnvironment(enum.Enum):
    STAGING = "staging"
    PRODUCTION = "production"
    CANARY = "canary"
    DEVELOPMENT = "development"


class DeploymentStrategy(enum.Enum):
    BLUE_GREEN = "blue_green"
    ROLLING = "rolling"
    CANARY = "canary"
    IMMEDIATE = "immediate"


def _requests() -> dict[str, str]:
    return {"cpu": "500m", "memory": "1Gi"}


def _limits() -> dict[str, str]:
    return {"cpu": "1000m", "memory": "2Gi"}


@record
@dataclass
class DeploymentConfig:
    """What is to run and how it gets there. An empty `deployment_id` is filled in, an empty version is the newest."""

    deployment_id: str = ""
    model_id: str = ""
    model_version: str = ""
    environment: DeploymentEnvironment = DeploymentEnvironment.DEVELOPMENT
    strategy: DeploymentStrategy = DeploymentStrategy.IMMEDIATE
    replicas: int = 1
    resource_requests: dict[str, str] = field(default_factory=_requests)
    resource_limits: dict[str, str] = field(default_factory=_limits)
    health_check_path: str = "/health"
    health_check_timeout_seconds: int = 30
    ready_timeout_seconds: int = 300
    traffic_percentage: float = 100.0
    canary_traffic_percentage: float = 10.0
    auto_rollback_enabled: bool = True
    rollback_error_threshold: float = 0.1
    rollback_latency_threshold_ms: float = 2000
    monitoring_window_minutes: int = 15
    environment_variables: dict[str, str] = field(default_factory=dict)
    created_at: _dt.datetime = field(default_factory=utc_now)
    created_by: str = ""
    description: str = ""
    canary_steps: list[float] = field(default_factory=list)
    canary_step_minutes: float = 5.0
    auto_promote: bool = False


@record
@dataclass
class DeploymentRecord:
    """How a deployment does. `status` is how its roll-out went, `phase` what it does now."""

    deployment_id: str
    model_id: str
    model_version: str
    environment: DeploymentEnvironment
    strategy: DeploymentStrategy
    status: DeploymentStatus
    started_at: Optional[_dt.datetime] = None
    completed_at: Optional[_dt.datetime] = None
    service_name: str = ""
    endpoint_url: str = ""
    replicas_deployed: int = 0
    previous_deployment_id: Optional[str] = None
    health_check_passed: bool = False
    performance_validated: bool = False
    deployment_logs: list[str] = field(default_factory=list)
    error_message: Optional[str] = None
    deployment_duration_seconds: float = 0.0
    validation_metrics: dict[str, float] = field(default_factory=dict)
    created_at: _dt.datetime = field(default_factory=utc_now)
    phase: str = ""
    traffic_percentage: float = 0.0
    paused: bool = False
    pause_reason: str = ""
    verdict: str = "none"
    verdict_reason: str = ""


@record
@dataclass
class ServiceEndpoint:
    """A deployment that answers at the address of its model and environment, with its share of the requests."""

    service_name: str
    model_id: str
    model_version: str
    environment: DeploymentEnvironment
    url: str
    port: int
    protocol: str = "http"
    is_healthy: bool = True
    last_health_check: Optional[_dt.datetime] = None
    traffic_percentage: float = 0.0
    created_at: _dt.datetime = field(default_factory=utc_now)
    updated_at: _dt.datetime = field(default_factory=utc_now)
    deployment_id: str = ""
    requests: int = 0
    errors: int = 0


class ModelDeploymentManager(Service):
    """Deploys models of one database. Usable from any thread and any event loop.

    Replicas are processes of this machine unless `docker_client` or `kubernetes_config_path` names another place. They
    outlive the program; whoever drives the database (a server, or a driver started here) looks after them.
    """

    def __init__(
        self,
        database_url: str,
        container_registry_url: str,
        kubernetes_config_path: Optional[str] = None,
        docker_client: Optional[Any] = None,
    ) -> None:
        super().__init__(database_url)
        self.container_registry_url = container_registry_url
        self.kubernetes_config_path = kubernetes_config_path
        self.docker_client = docker_client

    async def start_monitoring(self) -> None:
        """Sees to it that somebody looks after the deployments; returns at once. A second call is harmless."""
        await self._drive()

    async def stop_monitoring(self) -> None:
        """Stops watching from here. Replicas, and whoever looks after them, go on."""

    async def deploy_model(self, config: DeploymentConfig) -> str:
        """Records what should run and returns the deployment's id; the roll-out goes on in the background.

        `Conflict` while another roll-out of the model and environment is under way.
        """
        if not config.deployment_id:
            config.deployment_id = uuid.uuid4().hex
        body = to_wire(config)
        body["environment"] = choice(DeploymentEnvironment, config.environment, "environment")
        body["strategy"] = choice(DeploymentStrategy, config.strategy, "strategy")
        body["target"] = self._target()
        wire = await self._send("POST", _DEPLOYMENTS, body)
        config.model_version = wire["model_version"]
        _log.info(
            "deployment_created",
            deployment_id=wire["deployment_id"],
            model_id=wire["model_id"],
            model_version=wire["model_version"],
            environment=wire["environment"],
            status=wire["status"],
        )
        await self._drive()
        return str(wire["deployment_id"])

    async def rollback_deployment(self, deployment_id: str, reason: str = "Manual rollback") -> bool:
        """Gives the traffic back to the deployment before; returns when it has moved and the replicas have ended."""
        return await self._act(deployment_id, "rollback", reason, lambda wire: wire["status"] == "rolled_back")

    async def promote_deployment(self, deployment_id: str, reason: str = "") -> bool:
        """Gives a canary the whole of the traffic; returns when it has it."""
        return await self._act(deployment_id, "promote", reason, lambda wire: wire["status"] == "deployed")

    async def stop_deployment(self, deployment_id: str, reason: str = "") -> bool:
        """Ends a deployment; returns when its replicas have ended. One that is still rolled out is taken back."""
        wire = await self._wire(deployment_id)
        if wire is not None and wire["status"] in _UNDER_WAY:
            return await self._act(deployment_id, "abort", reason, lambda wire: wire["phase"] == "ended")
        return await self._act(deployment_id, "stop", reason, lambda wire: wire["phase"] == "stopped")

    async def abort_deployment(self, deployment_id: str, reason: str = "") -> bool:
        """Takes back a roll-out that is under way; returns when the traffic is back and its replicas have ended."""
        return await self._act(deployment_id, "abort", reason, lambda wire: wire["status"] == "rolled_back")

    async def pause_deployment(self, deployment_id: str, reason: str = "") -> bool:
        """Holds a roll-out where it is; a failure still takes it back."""
        return await self._act(deployment_id, "pause", reason, lambda wire: True)

    async def resume_deployment(self, deployment_id: str, reason: str = "") -> bool:
        """Lets a paused roll-out go on."""
        return await self._act(deployment_id, "resume", reason, lambda wire: True)

    async def get_deployment_record(self, deployment_id: str) -> Optional[DeploymentRecord]:
        wire = await self._wire(deployment_id)
        return None if wire is None else from_wire(DeploymentRecord, wire)

    async def list_deployments(
        self,
        model_id: Optional[str] = None,
        environment: Optional[DeploymentEnvironment] = None,
        status: Optional[DeploymentStatus] = None,
        limit: int = 50,
    ) -> list[DeploymentRecord]:
        """Newest first."""
        filters = {
            "model_id": model_id,
            "environment": optional_choice(DeploymentEnvironment, environment, "environment"),
            "status": optional_choice(DeploymentStatus, status, "status"),
        }
        found: list[DeploymentRecord] = []
        token: Optional[str] = None
        while len(found) < limit:
            size = min(limit - len(found), _PAGE)
            page = await self._get(target(_DEPLOYMENTS, **filters, limit=size, page_token=token))
            found.extend(from_wire(DeploymentRecord, wire) for wire in page["items"])
            token = page.get("next_page_token")
            if not token:
                break
        return found

    async def get_active_services(self, environment: Optional[DeploymentEnvironment] = None) -> list[ServiceEndpoint]:
        """What answers, with address and share. The shares of a model and environment sum to 100."""
        wanted = optional_choice(DeploymentEnvironment, environment, "environment")
        page = await self._get(target(_SERVICES, environment=wanted))
        return [from_wire(ServiceEndpoint, wire) for wire in page["items"]]

    async def update_traffic_routing(self, service_name: str, traffic_percentage: float) -> bool:
        """Sets the share of a service's candidate, the rest goes to the others; returns when requests go by it.

        `service_name` may also be the id of one of its deployments: then the share is that deployment's.
        """
        share = number(traffic_percentage, "traffic_percentage")
        chosen = _chosen(await self._shares(), service_name)
        if chosen is None:
            _log.warning("traffic_refused", service_name=service_name, reason="nothing answers under this name")
            return False
        body = {"traffic_percentage": share, "reason": "update_traffic_routing"}
        try:
            await self._send("PUT", target(_DEPLOYMENTS + "/{}/traffic", chosen), body)
        except _REFUSALS as refusal:
            _log.warning("traffic_refused", service_name=service_name, reason=str(refusal))
            return False
        await self._drive()
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end:
            mine = [wire for wire in await self._shares() if wire["deployment_id"] == chosen]
            if mine and mine[0]["generation_in_force"] >= mine[0]["generation"]:
                _log.info("traffic_changed", service_name=service_name, deployment_id=chosen, traffic_percentage=share)
                return True
            await self._io.sleep(_LOOK_SECONDS)
        _log.warning("traffic_late", service_name=service_name, reason="no gateway goes by it yet")
        return False

    async def _shares(self) -> list[dict[str, Any]]:
        page = await self._get(_SERVICES)
        items: list[dict[str, Any]] = page["items"]
        return items

    def _target(self) -> str:
        if self.docker_client is not None:
            return "docker"
        return "kubernetes" if self.kubernetes_config_path else "local"

    async def _drive(self) -> None:
        await self._io.run(_drive, self._transport)

    async def _wire(self, deployment_id: str) -> Optional[dict[str, Any]]:
        try:
            wire: dict[str, Any] = await self._get(target(_DEPLOYMENTS + "/{}", _id(deployment_id)))
        except NotFound:
            return None
        return wire

    async def _act(
        self, deployment_id: str, word: str, reason: str, happened: Callable[[Mapping[str, Any]], bool]
    ) -> bool:
        """Says the word and waits until it has happened; False, and the reason in the log, if it is refused or late."""
        path = target(_DEPLOYMENTS + "/{}/" + word, _id(deployment_id))
        try:
            wire = await self._send("POST", path, {"reason": _json.plain(reason, "reason")})
        except _REFUSALS as refusal:
            _log.warning(f"deployment_{word}_refused", deployment_id=deployment_id, reason=str(refusal))
            return False
        await self._drive()
        end = time.monotonic() + float(wire["config"]["ready_timeout_seconds"])
        while not happened(wire):
            if time.monotonic() > end or (word != "stop" and wire["status"] not in _UNDER_WAY):
                why = wire.get("error_message") or f"it is {wire['status']} ({wire['phase']})"
                _log.warning(f"deployment_{word}_failed", deployment_id=deployment_id, reason=why)
                return False
            await self._io.sleep(_LOOK_SECONDS)
            wire = await self._get(target(_DEPLOYMENTS + "/{}", deployment_id))
        _log.info(f"deployment_{word}", deployment_id=deployment_id, status=wire["status"])
        return True


def _chosen(shares: list[dict[str, Any]], name: str) -> Optional[str]:
    """The deployment meant by a service's name: its candidate that has requests, else any, else the one there is."""
    for wire in shares:
        if wire["deployment_id"] == name:
            return name
    of_service = [wire for wire in shares if wire["service_name"] == name]
    candidates = [wire for wire in of_service if wire["role"] == "candidate"] or of_service
    if not candidates:
        return None
    return str(max(candidates, key=lambda wire: wire["traffic_percentage"])["deployment_id"])


def _drive(transport: Any) -> None:
    ensure_driver(transport, now=True, drives=True)


def _id(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidArgument(f"deployment_id is {value!r}; it must be text", field="deployment_id")
    return value
