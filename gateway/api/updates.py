"""/meters/{meter}/update: which release a meter is to run."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from ..core.api_key import Role
from .desk import AtDesk, Caller, Missing
from .rules import WRITES, MeterId, needs

router = APIRouter(prefix="/meters/{meter}/update", tags=["updates"])
_ZIP = "application/octet-stream"


class UpdateNow(BaseModel):
    """What has become of a meter's newest update."""

    meter: str
    stage: Literal["waiting", "done", "refused"]
    reason: str = ""


def _with_body() -> dict[str, Any]:
    rules = needs(Role.ADMINISTRATOR, *WRITES, 415)
    body = {"required": True, "content": {_ZIP: {"schema": {"type": "string", "format": "binary"}}}}
    rules["openapi_extra"] = {**rules["openapi_extra"], "requestBody": body}
    return rules


@router.put("", status_code=202, **_with_body())
async def order_update(desk: AtDesk, caller: Caller, meter: MeterId, request: Request) -> UpdateNow:
    """Have a meter run a release: an archive of `python -m tools.release`, in place of what was ordered before."""
    if request.headers.get("content-type") != _ZIP:
        raise HTTPException(415, f"A release is of the media type {_ZIP}.")
    archive = await request.body()
    await run_in_threadpool(desk.site_of(caller).update, archive, [meter])
    return UpdateNow(meter=meter, stage="waiting")


@router.get("", **needs(Role.VIEWER))
def read_update(desk: AtDesk, meter: MeterId) -> UpdateNow:
    """What has become of it; the meter's own word for it is an event on the ledger."""
    inbox = desk.site.updates
    path = inbox.path(meter)
    if path.exists():
        return UpdateNow(meter=meter, stage="waiting")
    reason = inbox.reason(path)
    if reason is None and not (path.parent / "done" / path.name).exists():
        raise Missing(f"No update was ordered for {meter}.")
    return UpdateNow(meter=meter, stage="done" if reason is None else "refused", reason=reason or "")
