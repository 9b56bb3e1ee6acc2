"""/health and /metrics: how the gateway is doing, for who watches it from elsewhere."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from prometheus_client import generate_latest
from pydantic import BaseModel

from ..core.api_key import Role
from ..monitoring.metrics import registry
from ..monitoring.web import health_document
from .desk import AtDesk
from .rules import needs

router = APIRouter(tags=["health"])


class CheckNow(BaseModel):
    """One thing looked at: what it is, what it may be at most or least, and what to do if it is not well."""

    name: str
    well: bool
    value: float | None
    limit: float
    unit: str
    says: str
    do: str


class HealthNow(BaseModel):
    """Whether all is well."""

    site: str
    well: bool
    checks: list[CheckNow]


@router.get("/health", **needs(Role.VIEWER))
def read_health(desk: AtDesk) -> HealthNow:
    """Whether all is well, and what to do where it is not."""
    return HealthNow.model_validate(health_document(desk.view(), desk.vitals))


@router.get("/metrics", response_class=PlainTextResponse, **needs(Role.VIEWER))
def read_metrics(desk: AtDesk) -> PlainTextResponse:
    """The figures that Prometheus collects."""
    return PlainTextResponse(generate_latest(registry(desk.view, desk.vitals)))
