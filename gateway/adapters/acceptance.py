"""What a technician saw when a meter was accepted, as a JSON document.

    {"meter": "wind-1", "key": "0123456789abcdef", "technician": "Sam", "time": 1800000000,
     "nameplate": {"maker": "Acme", "model": "M1", "serial": "17", "version": "2.0"},
     "map": "sunspec", "firmware": "64 hex digits", "scan": {"devices": 1, "requests": 247, "failed": 3},
     "checks": [{"what": "power W", "measured": 2310, "least": 2200, "most": 2400}],
     "certificate": 1, "photos": ["64 hex digits"]}

``key`` is the fingerprint in the gateway's log, ``firmware`` and ``photos`` are SHA-256; ``certificate`` may be null.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from blockchain_iface.state.entries import Commissioning
from blockchain_iface.state.entries.commissioning import MOST, Check
from firmware.wire.clock import EARLIEST_S, LATEST_S

_Text = Annotated[str, Field(min_length=1, max_length=64)]
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=0, lt=1 << 32)]
_Value = Annotated[int, Field(gt=-(1 << 53), lt=1 << 53)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Nameplate(_Part):
    maker: _Text
    model: _Text
    serial: _Text
    version: _Text


class _Scan(_Part):
    devices: _Count
    requests: _Count
    failed: _Count


class _Check(_Part):
    what: Annotated[str, Field(pattern=r"^[ -~]{1,64}$")]
    measured: _Value
    least: _Value
    most: _Value


class Acceptance(_Part):
    """The document."""

    meter: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    key: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    technician: _Text
    time: Annotated[int, Field(ge=EARLIEST_S, le=LATEST_S)]
    nameplate: _Nameplate
    map: Annotated[str, Field(pattern=r"^[ -~]{1,64}$")]
    firmware: _Digest
    scan: _Scan
    checks: Annotated[list[_Check], Field(max_length=MOST)]
    certificate: Annotated[int, Field(ge=1, lt=1 << 32)] | None
    photos: Annotated[list[_Digest], Field(max_length=MOST)]

    def entry(self) -> Commissioning:
        """As the ledger takes it; whether the texts are such is for the ledger to say."""
        plate, scan = self.nameplate, self.scan
        return Commissioning(
            self.meter,
            bytes.fromhex(self.key),
            self.technician,
            self.time,
            (plate.maker, plate.model, plate.serial, plate.version),
            self.map,
            bytes.fromhex(self.firmware),
            (scan.devices, scan.requests, scan.failed),
            tuple(Check(check.what, check.measured, check.least, check.most) for check in self.checks),
            self.certificate,
            tuple(map(bytes.fromhex, self.photos)),
        )
