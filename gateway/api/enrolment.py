"""/tokens and /applications: how a meter joins the site."""

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from ..adapters.registry_rows import Role as MeterRole
from ..core.api_key import Role
from ..core.token import LIFE_S
from ..site import SiteError
from .desk import AtDesk, Caller, Missing
from .rules import WRITES, MeterId, needs

router = APIRouter(tags=["enrolment"])
_Meter = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]


class NewToken(BaseModel, extra="forbid"):
    """Which meter may be enrolled, and what it is; what is left out stays as it is, of a new meter only the place may be."""

    meter: _Meter
    name: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    role: MeterRole | None = None
    place: Annotated[str, Field(max_length=128)] | None = None


class IssuedToken(BaseModel):
    """The token, shown this once, and for how many seconds it is good."""

    meter: str
    token: str
    expires_in: int


class Identity(BaseModel, extra="forbid"):
    """What a meter prints with --identity."""

    meter: _Meter
    public: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
    request: Annotated[str, Field(pattern=r"^([0-9a-f]{2})+$", max_length=4096)]
    csr: Annotated[str, Field(max_length=2048)]


class NewApplication(BaseModel, extra="forbid"):
    """A meter's identity, and the token that was issued for it."""

    identity: Identity
    token: Annotated[str, Field(max_length=128)]


class ApplicationNow(BaseModel):
    """What has become of a meter's newest application; ``answer`` is what its configuration needs."""

    meter: str
    stage: Literal["waiting", "enrolled", "refused"]
    reason: str = ""
    answer: Any = None


@router.post("/tokens", status_code=201, **needs(Role.OPERATOR, *WRITES))
def issue_token(desk: AtDesk, caller: Caller, new: NewToken) -> IssuedToken:
    """A token by which a meter may be enrolled, once."""
    token = desk.site_of(caller).token(new.meter, new.name, new.role, new.place)
    return IssuedToken(meter=new.meter, token=token, expires_in=LIFE_S)


@router.post("/applications", status_code=202, **needs(Role.OPERATOR, *WRITES))
def apply(desk: AtDesk, caller: Caller, new: NewApplication, response: Response) -> ApplicationNow:
    """Hand in a meter's identity and its token."""
    desk.site_of(caller).apply(new.identity.model_dump_json().encode(), new.token)
    response.headers["location"] = f"{desk.prefix}/applications/{new.identity.meter}"
    return ApplicationNow(meter=new.identity.meter, stage="waiting")


@router.get("/applications/{meter}", **needs(Role.OPERATOR))
def read_application(desk: AtDesk, meter: MeterId) -> ApplicationNow:
    """What has become of a meter's newest application."""
    path = desk.site.enrolments.path(meter)
    if path.exists():
        return ApplicationNow(meter=meter, stage="waiting")
    try:
        answer = desk.site.answer(path)
    except SiteError as error:
        return ApplicationNow(meter=meter, stage="refused", reason=str(error))
    if answer is None:
        raise Missing(f"Nobody has applied for {meter}.")
    return ApplicationNow(meter=meter, stage="enrolled", answer=json.loads(answer.read_bytes()))
