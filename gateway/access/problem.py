"""Refusals over HTTP as problem details (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from pydantic import BaseModel, Field
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class Mistake(BaseModel):
    """One thing that is wrong in a request: where, and why."""

    where: str
    reason: str


class Problem(BaseModel):
    """Why nothing came of a request, and what to do. ``type`` is "about:blank": the status says it all (section 4.2.1)."""

    type: str = "about:blank"
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    errors: list[Mistake] = []


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, errors: Sequence[Mistake] = ()) -> Response:
    """The answer that says so."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors))
    return Response(body.model_dump_json(), status, headers, MEDIA_TYPE)
