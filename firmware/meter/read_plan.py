"""Which registers to ask for in one poll: the requests that together take the least time on the line. No I/O.

A device's spans (a wide value, a SunSpec model's values with their scale factors) are read whole. Neighbours share a
request, and so do spans with a hole between them if reading the hole costs less than another request. What a request
costs is the line's affair: at 9,600 baud a register is as dear as a third of a millisecond of anything else, over TCP
only the round trip counts.
"""

from ..wire import modbus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .config import Bus

# a guess: how long a device thinks between request and reply, beyond the silence of the standard
_TURNAROUND_US = 5_000
_ROUND_TRIP_US = 2_000  # in a local network
_TCP_REGISTER_US = 2  # two bytes at 10 Mbit/s


class Cost:
    """What reading costs on a line: ``request_us`` microseconds a request, ``register_us`` more a register."""

    __slots__ = ("register_us", "request_us")

    def __init__(self, request_us: int, register_us: int) -> None:
        self.request_us = request_us
        self.register_us = register_us


def cost_on(bus: "Bus") -> Cost:
    """The cost of reading over ``bus``."""
    if bus.kind == "tcp":
        return Cost(_ROUND_TRIP_US, _TCP_REGISTER_US)
    return Cost(modbus.exchange_us(bus.baud, 0) + _TURNAROUND_US, modbus.frame_us(bus.baud, 2))


def plan(spans: "list[tuple[int, int]]", cost: Cost, limit: int, bridge: bool) -> "list[tuple[int, int]]":
    """(address, count) of the requests that cover all ``spans`` at the least cost, in the order of addresses.

    Args:
        spans: (address, count) of what is read whole; each at most ``limit`` registers.
        cost: of the line.
        limit: the most registers that the device gives in one reply, 1..125.
        bridge: whether registers outside the spans may be read too.
    """
    spans = sorted(spans)
    best = [(0, 0)]  # for the first n spans: their cost, and the span at which the last request begins
    for end in range(1, len(spans) + 1):
        choices: list[tuple[int, int]] = []
        for start in range(end - 1, -1, -1):
            count = _reach(spans[start:end], bridge)
            if count is not None and count <= limit:
                choices.append((best[start][0] + cost.request_us + cost.register_us * count, start))
        best.append(min(choices))
    requests: list[tuple[int, int]] = []
    end = len(spans)
    while end:
        start = best[end][1]
        requests.insert(0, (spans[start][0], _reach(spans[start:end], True) or 0))
        end = start
    return requests


def _reach(spans: "list[tuple[int, int]]", bridge: bool) -> "int | None":
    """Registers from the first span's begin to the last's end; None if there is a hole that may not be bridged."""
    first, end = spans[0][0], spans[0][0]
    for address, count in spans:
        if address > end and not bridge:
            return None
        end = max(end, address + count)
    return end - first


class Image:
    """Registers of a device, as one poll read them."""

    def __init__(self) -> None:
        self._blocks: list[tuple[int, tuple[int, ...]]] = []

    def add(self, address: int, registers: "tuple[int, ...]") -> None:
        """Add what a request from ``address`` on gave."""
        self._blocks.append((address, registers))

    def span(self, address: int, count: int) -> "tuple[int, ...]":
        """``count`` registers from ``address``. KeyError if the plan did not read them."""
        for start, block in self._blocks:
            if start <= address and address + count <= start + len(block):
                return block[address - start : address - start + count]
        raise KeyError(address)
