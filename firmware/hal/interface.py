"""What a board gives the meter. Types only: on MicroPython this module is empty and nobody imports it.

Every failure of a board is an OSError with its errno, so that the meter has one thing to catch.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from ..wire.signer import Signer

    class Clock(Protocol):
        """Two clocks: wall time may jump, ticks may not."""

        def wall_ms(self) -> int:
            """Milliseconds since 1970-01-01 UTC, as far as the board knows."""

        def ticks_ms(self) -> int:
            """Milliseconds since some moment of this run; never falls and does not wrap."""

        def quality(self) -> int:
            """clock.HOST if something keeps wall time right, clock.NETWORK if it only outlived a restart, else clock.UNSET."""

        def uncertainty_ms(self) -> int:
            """Largest expected error of wall time, in milliseconds."""

        def set(self, wall_ms: int) -> None:
            """Set wall time to Unix milliseconds that are known better than by the board, if nobody else keeps it right."""

    class Files(Protocol):
        """A flat store of small files that survives a power cut between any two bytes. Names are ``a`` or ``folder/a``."""

        def names(self, folder: str) -> list[str]:
            """Names in ``folder`` (without it), in no order. A folder that is not there is made."""

        def read(self, name: str, start: int = 0, size: int = -1) -> bytes:
            """At most ``size`` bytes of the file from byte ``start``, by default all. OSError(ENOENT) if there is none."""

        def write(self, name: str, data: bytes) -> None:
            """Put ``data`` in place of the file, wholly or not at all, and on the medium when this returns."""

        def append(self, name: str, data: bytes) -> None:
            """Put ``data`` at the end of the file, wholly or not at all, and on the medium when this returns."""

        def remove(self, name: str) -> None:
            """Delete a file. OSError(ENOENT) if there is none."""

        def free(self) -> int:
            """Bytes that may still be written."""

        def size(self) -> int:
            """Bytes that may be written to an empty flash."""

    class Stream(Protocol):
        """Bytes both ways: a TCP connection or a serial line."""

        async def read(self, count: int) -> bytes:
            """At least one and at most ``count`` bytes as soon as any are there; b"" when the other side closed."""

        async def write(self, data: bytes) -> None:
            """Return when the board has taken all of ``data``."""

        def close(self) -> None:
            """Give the connection back. No other task may be reading or writing."""

    class Direction(Protocol):
        """The direction pin of an RS-485 transceiver."""

        def transmit(self) -> None:
            """Drive the line."""

        def receive(self) -> None:
            """Leave the line to the others."""

        def sent(self) -> bool:
            """Whether the last stop bit of what was written has left the port. Does not wait."""

    class SerialStream(Stream, Protocol):
        """A serial line."""

        @property
        def direction(self) -> "Direction | None":
            """None where the hardware switches the direction, or nobody has to."""

        def discard(self) -> bool:
            """Drop what has come in and was not read, without waiting; whether there was any."""

    class Interface(Protocol):
        """A network interface of a board that has no operating system to look after it. No call waits."""

        def connect(self) -> None:
            """Start connecting."""

        def disconnect(self) -> None:
            """Give the attempt up."""

        def restart(self) -> None:
            """Switch the interface off and on."""

        def connected(self) -> bool:
            """Whether it has an address."""

        def rssi(self) -> "int | None":
            """Strength of the radio signal in dBm; None without radio or connection."""

        def status(self) -> str:
            """What keeps it from being connected, in words."""

    class I2c(Protocol):
        """What drivers need of a machine.I2C."""

        def writeto(self, __address: int, __data: bytes) -> object:
            """Write all of it. OSError if nobody acknowledges."""

        def readfrom_into(self, __address: int, __buffer: bytearray) -> object:
            """Fill the buffer. OSError if nobody acknowledges."""

    class Led(Protocol):
        """A lamp that people see."""

        def shine(self, on: bool) -> None:
            """Switch it."""

    class Relay(Protocol):
        """The contact that connects the supply."""

        def set(self, closed: bool) -> None:
            """Drive the contact. OSError if it cannot be reached."""

        def closed(self) -> "bool | None":
            """What the contact itself reports; None if it has no feedback. OSError if it cannot be reached."""

    class Watchdog(Protocol):
        """Ends or resets a meter that stops feeding it. Runs from the moment it is made, and cannot be stopped."""

        def feed(self) -> None:
            """Give the meter the whole time again."""

    class Board(Protocol):
        """One meter's computer."""

        @property
        def target(self) -> str:
            """The hardware's name in update manifests, an id as in wire.topics."""

        @property
        def clock(self) -> Clock:
            """Its clocks."""

        @property
        def files(self) -> Files:
            """Its flash."""

        @property
        def network(self) -> "Interface | None":
            """The network interface that the meter has to keep; None if an operating system does."""

        @property
        def led(self) -> "Led | None":
            """The status lamp, if there is one."""

        @property
        def signer(self) -> "Signer | None":
            """The meter's key in a secure element; None if it has to lie on the flash."""

        @property
        def console(self) -> "Stream | None":
            """Where a technician may type, if that can be nobody else's."""

        def reset_reason(self) -> str:
            """Why the meter started, in a few words."""

        def random(self, count: int) -> bytes:
            """Unpredictable bytes, fit for keys."""

        def open_tcp(self, host: str, port: int) -> Stream:
            """Start connecting. A refusal shows at the first write or read."""

        def open_tls(self, host: str, port: int, ca: bytes, certificate: bytes, key: bytes) -> Stream:
            """As ``open_tcp``, for TLS: the other side's certificate must name ``host`` and be signed by ``ca``.

            ``ca`` and ``certificate`` are X.509 in PEM or DER, ``key`` is that of ``certificate``: ECPrivateKey in DER.
            The handshake is part of the first write; a refusal says in words who refused whom.
            """

        def open_udp(self, host: str, port: int) -> Stream:
            """Datagrams to and from this address alone, each one write or read; longer ones than asked for are cut off."""

        def open_serial(self, path: str, baud: int) -> SerialStream:
            """A serial line, raw, 8 data bits, no parity, 1 stop bit."""

        def open_relay(self, output: str, feedback: "str | None") -> Relay:
            """The contact driven by line ``output`` whose own word is on line ``feedback``; names as the board knows them."""

        def heap_free(self) -> int:
            """Bytes free for objects, after collecting garbage; 0 where nobody counts them."""

        def watchdog(self, timeout_s: int) -> Watchdog:
            """Start a watchdog that bites after ``timeout_s`` seconds without food, also while the event loop hangs."""
