"""The body of what a technician saw when a meter was accepted.

    commissioning = {1: meter, 2: kid of its key, 3: technician, 4: Unix s, 5: [maker, model, serial, version], 6: register map,
                     7: SHA-256 of the firmware, 8: [devices found, requests, failed requests] of the bus scan,
                     9: [* [what, measured, least, most]], 10: number of the first certificate / null,
                     11: [* SHA-256 of a photo]}

The kid is what links it to the enrolment, or exchange, that gave the meter this key. Technician and nameplate are UTF-8 in byte
strings. A check's integers are in the unit that its name ends in, for example "power W".
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from firmware.wire import cbor
from firmware.wire.clock import EARLIEST_S, LATEST_S
from firmware.wire.fields import WireError, bytes_of, list_of, map_of, uint_of
from firmware.wire.topics import is_id

from .parts import name_of, text_of

MAX_SIZE = 4096
"""Bytes of a body."""
MOST = 16
"""Checks, and photos."""
_COUNT = 0xFFFFFFFF
_VALUE = (1 << 53) - 1


class Check(NamedTuple):
    """One thing that was compared: ``measured``, and the range in which it should be."""

    what: str
    measured: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Commissioning:
    """What ``technician`` saw of ``meter``, whose key is ``kid``, at Unix second ``time``.

    ``nameplate`` is maker, model, serial number and version of the device; ``scan`` devices found, requests, failed requests;
    ``certificate`` the number of the first certificate that the gateway had verified, None if there was none yet.
    """

    TYPE: ClassVar[str] = "vnd.skerry.commissioning"
    meter: str
    kid: bytes
    technician: str
    time: int
    nameplate: tuple[str, str, str, str]
    map: str
    firmware: bytes
    scan: tuple[int, int, int]
    checks: tuple[Check, ...]
    certificate: int | None
    photos: tuple[bytes, ...]

    def encode(self) -> bytes:
        """The payload."""
        return cbor.encode(
            {
                1: self.meter,
                2: self.kid,
                3: self.technician.encode(),
                4: self.time,
                5: [part.encode() for part in self.nameplate],
                6: self.map,
                7: self.firmware,
                8: list(self.scan),
                9: [list(check) for check in self.checks],
                10: self.certificate,
                11: list(self.photos),
            }
        )

    @classmethod
    def decode(cls, payload: bytes) -> "Commissioning":
        """From a payload. WireError if it is none, or longer than MAX_SIZE."""
        if len(payload) > MAX_SIZE:
            raise WireError(f"commissioning: {len(payload)} bytes, at most {MAX_SIZE} are accepted")
        body = map_of(cbor.decode(payload, 4), "commissioning", tuple(range(1, 12)))
        meter = body[1]
        if not isinstance(meter, str) or not is_id(meter):
            raise WireError("a meter's id is 1 to 32 of [a-z0-9-]")
        maker, model, serial, version = (name_of(part, "nameplate") for part in list_of(body[5], "nameplate", 4, 4))
        devices, requests, failed = (uint_of(count, "scan", 0, _COUNT) for count in list_of(body[8], "scan", 3, 3))
        return cls(
            meter,
            bytes_of(body[2], "kid", 8),
            name_of(body[3], "technician"),
            uint_of(body[4], "time", EARLIEST_S, LATEST_S),
            (maker, model, serial, version),
            text_of(body[6], "map"),
            bytes_of(body[7], "firmware", 32),
            (devices, requests, failed),
            tuple(_check(check) for check in list_of(body[9], "checks", 0, MOST)),
            None if body[10] is None else uint_of(body[10], "certificate", 1, _COUNT),
            tuple(bytes_of(photo, "photo", 32) for photo in list_of(body[11], "photos", 0, MOST)),
        )


def _check(value: object) -> Check:
    what, *numbers = list_of(value, "check", 4, 4)
    measured, least, most = (uint_of(number, "check", -_VALUE, _VALUE) for number in numbers)
    return Check(text_of(what, "check"), measured, least, most)
