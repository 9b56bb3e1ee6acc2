"""`/metrics` and `/health` over HTTP, for this computer alone: whoever is elsewhere comes through the API, with a key."""

from collections.abc import Callable
from dataclasses import asdict
from ipaddress import ip_address
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ..core.health import judge
from ..core.view import View
from .metrics import registry
from .vitals import Vitals


def router(view: Callable[[], View], vitals: Vitals) -> APIRouter:
    """Both pages. ``view`` gives the newest picture; it must not block."""
    routes = APIRouter(dependencies=[Depends(_is_near)], include_in_schema=False)
    collected = registry(view, vitals)

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(collected), media_type=CONTENT_TYPE_LATEST)

    @routes.get("/health")
    def health() -> JSONResponse:
        document = health_document(view(), vitals)
        return JSONResponse(document, 200 if document["well"] else 503)

    return routes


def health_document(view: View, vitals: Vitals) -> dict[str, Any]:
    """{"site", "well", "checks": [{"name", "well", "value", "limit", "unit", "says", "do"}]}."""
    checks = judge(vitals.figures(view))
    return {"site": view.site, "well": all(check.well for check in checks), "checks": [asdict(check) for check in checks]}


def _is_near(request: Request) -> None:
    peer = request.client
    if peer is None or not ip_address(peer.host).is_loopback:
        raise HTTPException(403, "only from this computer")
