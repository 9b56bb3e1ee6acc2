"""The API as one application: its routes, its description, and how it says that something is wrong."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match

from blockchain_iface.ledger import LedgerError

from ..access.problem import Mistake, Problem, problem
from ..adapters.api_keys import ApiKeyError
from ..adapters.orders import OrderError
from ..adapters.registry import RegistryError
from ..adapters.releases import ReleaseError
from ..core.api_key import Role
from ..core.command_words import WordsError
from ..core.view import View
from ..monitoring.vitals import Vitals
from ..site import Site, SiteError
from . import (
    accounts,
    audit,
    certificates,
    enrolment,
    entries,
    health,
    keys,
    ledger,
    meters,
    orders,
    refusals,
    registry,
    settlements,
    site,
    updates,
)
from .desk import Desk, Forbidden, Missing
from .rules import needs

PREFIX = "/api/v1"
_RESOURCES = (
    site,
    health,
    meters,
    certificates,
    updates,
    enrolment,
    orders,
    registry,
    accounts,
    settlements,
    ledger,
    entries,
    audit,
    refusals,
    keys,
)
_STATUS: dict[type[Exception], int] = {
    Missing: 404,
    Forbidden: 403,
    SiteError: 409,
    ApiKeyError: 409,
    LedgerError: 503,
    OrderError: 422,
    WordsError: 422,
    ReleaseError: 422,
    RegistryError: 409,
    OSError: 503,
    registry.Mismatch: 409,
}


def build(of: Site, view: Callable[[], View], vitals: Vitals) -> FastAPI:
    """The API of one site, to be mounted at PREFIX behind the gate, which says whose key it was.

    Args:
        view: the newest picture; it must not block.
        vitals: of the running gateway.
    """
    # what comes without documentation pages comes without their scripts from elsewhere
    api = FastAPI(title="skerry", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    api.state.desk = Desk(of, of.settings().site, view, vitals, PREFIX)
    for resource in _RESOURCES:
        api.include_router(resource.router)
    for error, status in _STATUS.items():
        api.add_exception_handler(error, _told(status))
    api.add_exception_handler(HTTPException, _refused)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(Exception, _defect)
    api.add_api_route("/openapi.json", lambda: described, tags=["description"], name="read_description", **needs(Role.VIEWER))
    described = describe(api)
    return api


def describe(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document."""
    document = get_openapi(
        title=api.title,
        version="1",
        routes=api.routes,
        servers=[{"url": PREFIX}],
        description="A site's shadow centre. Errors are problem details (RFC 9457).",
    )
    schemas = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"] |= {**schemas.pop("$defs"), "Problem": schemas}
    return jsonable_encoder(document)  # type: ignore[no-any-return]


def _told(status: int) -> Callable[[Request, Exception], Response]:
    return lambda _, error: problem(status, str(error))


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = {"allow": _allowed(request)} if error.status_code == 405 else error.headers
    return problem(error.status_code, str(error.detail), headers)


def _allowed(request: Request) -> str:
    """All methods of a path: FastAPI names those of the first route only."""
    routes = [route for resource in _RESOURCES for route in resource.router.routes if isinstance(route, APIRoute)]
    found = [route.methods or set() for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted(set().union(*found) or {"GET"}))


def _defect(_: Request, __: Exception) -> Response:
    """What it was is in the log, and nobody else's business."""
    return problem(500, "This is a defect of the gateway: please report it, with the gateway's log.")


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    mistakes = [Mistake(where=".".join(map(str, one["loc"])), reason=one["msg"]) for one in error.errors()]
    return problem(422, "The request is not valid.", errors=mistakes)
