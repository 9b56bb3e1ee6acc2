"""One Modbus device: identify it, poll it, and leave it in peace while it is dead."""

from ..wire import modbus
from . import sunspec
from .config import Device
from .deadline import Late
from .device_map import DeviceMap
from .reading import Reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .link import RtuLink, TcpLink

SUNSPEC = "sunspec"
_TOLERATED = 3
_FIRST_PAUSE_MS = 2000
_LONGEST_PAUSE_MS = 60000
# the first that fits names the failure
_KINDS = (
    (Late, "timeout"),
    (OSError, "line"),
    (modbus.CrcError, "crc"),
    (modbus.ExceptionReply, "exception"),
    (modbus.ModbusError, "reply"),
    (sunspec.SunSpecError, "sunspec"),
)
_FAILURES = (OSError, modbus.ModbusError, sunspec.SunSpecError)


class Patience:
    """When to ask again. After three failures in a row the pauses grow from 2 to 60 s: a dead device costs a time-out
    each time, and its neighbours on the line would pay for it."""

    def __init__(self) -> None:
        self._failures = 0
        self._pause = _FIRST_PAUSE_MS
        self._next = 0

    def ready(self, now: int) -> bool:
        """Whether to ask at ``now``, monotonic milliseconds."""
        return now >= self._next

    def succeeded(self) -> None:
        """The device answered."""
        self._failures = 0
        self._pause = _FIRST_PAUSE_MS

    def failed(self, now: int) -> None:
        """It did not."""
        self._failures += 1
        if self._failures >= _TOLERATED:
            self._next = now + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_MS)


class PolledDevice:
    """A device on a link.

    Attributes:
        unit: its Modbus unit id.
        errors: failures by kind: timeout, line, crc, exception, reply, sunspec.
        last_error: the latest failure in words, None while all is well.
        model: how to read it, None until it has been identified.
    """

    def __init__(self, device: Device, link: "RtuLink | TcpLink", load_map: "Callable[[str], dict[str, object]]") -> None:
        """``load_map(name)``: the content of a file in ``maps``."""
        self.unit = device.unit
        self.errors: dict[str, int] = {}
        self.last_error: str | None = None
        self.model: sunspec.SunSpecDevice | DeviceMap | None = None
        self._map = device.map
        self._link = link
        self._patience = Patience()
        if self._map != SUNSPEC:
            self.model = DeviceMap(load_map(self._map))

    async def poll(self, now: int) -> "Reading | None":
        """A reading; None if the device failed, or is left in peace at ``now`` (monotonic milliseconds)."""
        if not self._patience.ready(now):
            return None
        try:
            if self.model is None:
                self.model = await self._identify()
            blocks = []
            for function, address, count in self.model.reads:
                blocks.append(await self._link.read(self.unit, function, address, count))
            reading = self.model.decode(blocks)
        except _FAILURES as error:
            self._note(error)
            self._patience.failed(now)
            return None
        self.last_error = None
        self._patience.succeeded()
        return reading

    async def _identify(self) -> sunspec.SunSpecDevice:
        search = sunspec.discover()
        answer: tuple[int, ...] | None = None
        while True:
            try:
                function, address, count = search.send(answer)
            except StopIteration as found:
                model: sunspec.SunSpecDevice = found.value
                return model
            try:
                answer = await self._link.read(self.unit, function, address, count)
            except modbus.ExceptionReply:
                answer = None

    def _note(self, error: Exception) -> None:
        for kind, name in _KINDS:
            if isinstance(error, kind):
                self.errors[name] = self.errors.get(name, 0) + 1
                break
        self.last_error = str(error)
        if self._map == SUNSPEC and isinstance(error, modbus.ExceptionReply):
            # its registers moved: another device, or other firmware
            self.model = None
