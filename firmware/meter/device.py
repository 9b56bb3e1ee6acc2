"""One Modbus device: identify it, poll it, believe it or not, and leave it in peace while it is dead."""

from ..wire import modbus
from . import sunspec
from .config import Device
from .deadline import Late
from .device_map import DeviceMap
from .patience import Patience
from .plausibility import Nonsense
from .read_plan import Image, plan
from .reading import Reading
from .stopwatch import Stopwatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .link import RtuLink, TcpLink

    Search = Generator[tuple[int, int, int], tuple[int, ...] | None, sunspec.SunSpecDevice]

SUNSPEC = "sunspec"
_SEARCH_READS = 8  # in one poll: a slow device with many models must not keep its neighbours waiting
_CONFIRMATIONS = 3
_REFUSALS = (1, 2, 3)  # of a request; other exceptions are of the device's state
# the first that fits names the failure
_KINDS = (
    (Late, "timeout"),
    (OSError, "line"),
    (modbus.CrcError, "crc"),
    (modbus.WrongUnit, "unit"),
    (modbus.WrongTransaction, "transaction"),
    (modbus.WrongFunction, "function"),
    (modbus.WrongLength, "length"),
    (modbus.ExceptionReply, "exception"),
    (sunspec.SunSpecError, "sunspec"),
    (Nonsense, "nonsense"),
)
_FAILURES = (OSError, modbus.ModbusError, sunspec.SunSpecError)


class PolledDevice:
    """A device on a link.

    Attributes:
        unit: its Modbus unit id.
        status: how the latest poll ended: "" before the first, "ok", "search" while it is being identified, or what failed.
        errors: failures by kind: timeout, line, crc, unit, transaction, function, length, exception, sunspec, nonsense.
        last_error: the latest failure in words, None while all is well.
        model: how to read it, None until it has been identified.
        reads: (address, count) of the requests of one poll, empty until it has been identified.
    """

    def __init__(self, device: Device, link: "RtuLink | TcpLink", load_map: "Callable[[str], object]") -> None:
        """``load_map(name)``: the content of a file in ``maps``. MapError if that is no map."""
        self.unit = device.unit
        self.status = ""
        self.errors: dict[str, int] = {}
        self.last_error: str | None = None
        self.model: sunspec.SunSpecDevice | DeviceMap | None = None
        self.reads: list[tuple[int, int]] = []
        self._map = device.map
        self._link = link
        self._patience = Patience()
        self._search: Search | None = None
        self._answer: tuple[int, ...] | None = None
        self._zeros = 0
        if self._map != SUNSPEC:
            self._adopt(DeviceMap(load_map(self._map)))

    async def poll(self, now: int) -> "Reading | None":
        """A reading; None if there is none, and ``status`` says why. ``now``: monotonic milliseconds."""
        if not self._patience.ready(now):
            return None
        watch = Stopwatch()
        try:
            model = self.model or await self._identify()
            reading = None if model is None else model.decode(await self._read(model.function))
        except Nonsense as error:
            # it costs the line nothing, so it is asked again at once
            self._note(error)
            self._patience.succeeded()
            return None
        except _FAILURES as error:
            self._note(error)
            self._search = None
            self._patience.failed(now + watch.us() // 1000)
            return None
        self.status = "search" if reading is None else "ok"
        self.last_error = None
        self._patience.succeeded()
        return None if reading is None else self._believe(reading)

    async def _read(self, function: int) -> Image:
        image = Image()
        for address, count in self.reads:
            image.add(address, await self._link.read(self.unit, function, address, count))
        return image

    async def _identify(self) -> "sunspec.SunSpecDevice | None":
        """The SunSpec device behind this unit; None if its search goes on with the next poll."""
        if self._search is None:
            self._search = sunspec.discover()
            self._answer = None
        for _ in range(_SEARCH_READS):
            try:
                function, address, count = self._search.send(self._answer)
            except StopIteration as found:
                model: sunspec.SunSpecDevice = found.value
                self._search = None
                self._adopt(model)
                return model
            try:
                self._answer = await self._link.read(self.unit, function, address, count)
            except modbus.ExceptionReply:
                self._answer = None
        return None

    def _adopt(self, model: "sunspec.SunSpecDevice | DeviceMap") -> None:
        self.model = model
        self.reads = plan(model.spans, self._link.cost, model.limit, model.bridge)

    def _note(self, error: Exception) -> None:
        for kind, name in _KINDS:
            if isinstance(error, kind):
                self.status = name
                self.errors[name] = self.errors.get(name, 0) + 1
                break
        self.last_error = str(error)
        if isinstance(error, modbus.ExceptionReply) and error.code in _REFUSALS and self.model is not None:
            self._refused(self.model)

    def _refused(self, model: "sunspec.SunSpecDevice | DeviceMap") -> None:
        """The device does not give what we asked for: ask for less, or look again at what it is."""
        bare = plan(model.spans, self._link.cost, model.limit, False)
        if bare != self.reads:
            self.reads = bare
        elif self._map == SUNSPEC:
            # its registers moved: another device, or other firmware
            self.model = None

    def _believe(self, reading: Reading) -> Reading:
        """``reading``, without its energy while that may be the zeros of a device that has just been switched on.

        Once energy is counted, ``energy`` sees to that; but the first reading of all is where the record begins.
        """
        if self._zeros < _CONFIRMATIONS:
            self._zeros = self._zeros + 1 if reading.registers == (0, 0) else _CONFIRMATIONS
            if self._zeros < _CONFIRMATIONS:
                reading.import_wh = reading.export_wh = None
        return reading
