"""What a route's description says besides its own: who may ask, and which problems may come of it."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from fastapi.security import HTTPBearer
from pydantic import BaseModel

from ..access.problem import MEDIA_TYPE, Problem
from ..core.api_key import Role
from .desk import Caller, Forbidden

_WORDS = {
    400: "The body cannot be read.",
    401: "No key, or nobody's.",
    403: "The key's role does not cover this.",
    404: "There is no such thing.",
    409: "It contradicts what there is.",
    411: "The body's length is not said.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    422: "Something in the request is not valid.",
    429: "Too many wrong keys came from this address.",
    503: "The ledger or the disk does not let us, at the moment.",
}
_SCHEMA = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
_SCHEMA.pop("$defs")
_bearer = HTTPBearer(auto_error=False, description="A key, as `skerry gateway key add` prints it.")

MeterId = Annotated[str, Path(pattern="^[a-z0-9-]{1,32}$", description="A meter's name.", examples=["wind-1"])]
Number = Annotated[int, Path(ge=0, lt=1 << 53)]
After = Annotated[str, Query(max_length=64, description="The last page's ``next``.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many items.")]
WRITES = (400, 409, 411, 413)
"""The problems that a body brings."""


def needs(role: Role, *problems: int) -> dict[str, Any]:
    """Arguments of a route for callers whose role covers ``role``; ``problems`` that may come of it beside the usual ones."""

    def permit(caller: Caller) -> None:
        if not caller.role.covers(role):
            raise Forbidden(f"This takes the role of {role}; {caller.name} is {caller.role}.")

    codes = [401, 403, 404, 422, 429, 503, *problems]
    return {
        "dependencies": [Depends(_bearer), Depends(permit)],
        "openapi_extra": {"x-role": role.value},
        "responses": {code: _response(code) for code in sorted(codes)},
    }


def _response(code: int) -> dict[str, Any]:
    return {"description": _WORDS[code], "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def paged(names: Sequence[str], after: str, limit: int) -> tuple[Sequence[str], str | None]:
    """Of sorted ``names`` the next ``limit`` behind ``after``, and what the page behind them is asked for with."""
    first = bisect_right(names, after)
    found = names[first : first + limit]
    return found, found[-1] if first + limit < len(names) else None


class Page(BaseModel):
    """The next page, if there may be one, is asked for with ``after`` = ``next``."""

    next: int | str | None
