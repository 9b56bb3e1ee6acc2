"""Microchip's ATECC608A or B on I2C: a signer whose private key nobody has ever seen.

It signs in 115 ms at most (clock divider M0) where an ESP32 alone takes half a second. While it computes it does not
acknowledge its address, so this driver asks now and then, in steps: nobody waits for it.

    asleep --wake pulse, 1.5 ms--> awake --command--> busy --response--> awake --sleep--> asleep

Everything between waking and sleeping is one *session*. The chip's watchdog ends each session 0.7 s after its start at the
earliest; what a session that failed had loaded is gone, so a session is repeated as a whole.

Source: data sheet ATECC608B-TNGLoRaWAN, sections 5 and 7 (I2C); Microchip's CryptoAuthLib for execution times and the wake
pulse by general call. The bus is a machine.I2C of at most 100 kHz: a faster one cannot hold SDA low for the wake pulse's 60 us.
"""

from ..wire import es256
from ..wire.fields import RangeError
from ..wire.p256 import N
from ..wire.signer import Signer
from ..wire.steps import finish
from . import atecc608_packet as packet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..wire.steps import Steps
    from .interface import I2c

ADDRESS = 0x60  # as made; 0x35 in the Trust&GO variant, 0x36 in TrustFLEX
_SLOT = 0  # of the primary private key
_RESET, _SLEEP, _COMMAND = b"\x00", b"\x01", b"\x03"  # word addresses (7.2)
_LOCKS_BLOCK, _LOCKS_AT = 2, 22  # bytes 86 (data zone) and 87 (configuration zone); 0 is locked

_ATTEMPTS = 3  # sessions for one operation, and readings of one response
_WAKE_MS = 2  # tWHI is 1.5 ms
_POLL_MS = 2
_LONGEST_MS = 700  # GenKey takes 653 ms in the slowest clock mode; later the watchdog may have come


class Atecc608(Signer):
    """The chip's key in slot 0.

    Methods in steps may be under way at once; sessions follow each other. All raise ElementError.
    """

    def __init__(self, i2c: "I2c", ticks_ms: "Callable[[], int]", address: int = ADDRESS) -> None:
        """Read the public key, which takes 0.2 s. ElementUnlocked if somebody could still change the key.

        ``ticks_ms``: milliseconds that never fall and do not wrap.
        """
        self._i2c = i2c
        self._ticks_ms = ticks_ms
        self._address = address
        self._in_session = False
        locks = finish(self._session_steps(packet.read_config(_LOCKS_BLOCK)))
        if locks[_LOCKS_AT : _LOCKS_AT + 2] != bytes(2):
            raise packet.ElementUnlocked("the secure element is not locked: provision it with Microchip's tools first")
        self.public = finish(self._session_steps(packet.public_key(_SLOT)))
        self.kid = es256.key_id(self.public)

    def sign_steps(self, digest: bytes) -> "Steps[bytes]":
        """See Signer. RangeError if the digest is not 32 bytes."""
        if len(digest) != 32:
            raise RangeError(f"a digest has 32 bytes, not {len(digest)}")
        signature = yield from self._session_steps(packet.load_digest(digest), packet.sign_digest(_SLOT))
        s = int.from_bytes(signature[32:], "big")
        low = signature[:32] + min(s, max(N - s, 0)).to_bytes(32, "big")
        if not es256.is_low_s(low):
            raise packet.ElementFault("the secure element made no signature")
        return low

    def serial_steps(self) -> "Steps[bytes]":
        """The chip's serial number: 9 bytes, of which the first two and the last are the same in all chips."""
        block = yield from self._session_steps(packet.read_config(0))
        return block[:4] + block[8:13]

    def revision_steps(self) -> "Steps[bytes]":
        """The chip's kind and revision: 4 bytes."""
        return (yield from self._session_steps(packet.info()))

    def random_steps(self) -> "Steps[bytes]":
        """32 random bytes."""
        return (yield from self._session_steps(packet.random()))

    def counter_steps(self, index: int) -> "Steps[int]":
        """Monotonic counter 0 or 1: 0..2,097,151."""
        count = yield from self._session_steps(packet.read_counter(index))
        return int.from_bytes(count, "little")

    def increment_steps(self, index: int) -> "Steps[int]":
        """Count one up and return the counter. After a power cut or a disturbed line it may have gone up by more."""
        count = yield from self._session_steps(packet.increment_counter(index))
        return int.from_bytes(count, "little")

    def _session_steps(self, *commands: bytes) -> "Steps[bytes]":
        """Execute ``commands`` in one session, another if that fails; returns the last one's response."""
        while self._in_session:
            yield
        self._in_session = True
        try:
            attempt = 1
            while True:
                try:
                    return (yield from self._attempt_steps(commands))
                except (packet.ElementSilent, packet.ElementGarbled, packet.ElementFault):
                    if attempt == _ATTEMPTS:
                        raise
                attempt += 1
        finally:
            self._in_session = False

    def _attempt_steps(self, commands: "tuple[bytes, ...]") -> "Steps[bytes]":
        response = b""
        try:
            yield from self._wake_steps()
            for command in commands:
                self._send(_COMMAND + command)
                response = packet.parse((yield from self._receive_steps()))
        finally:
            self._fall_asleep()
        return response

    def _wake_steps(self) -> "Steps[None]":
        """Hold SDA low by addressing 0, eight zero bits long: the chips wake up, and nobody acknowledges (7.1.1)."""
        try:  # noqa: SIM105 - boards have no contextlib
            # who does answer to a general call ignores an odd byte (I2C specification, 3.1.13)
            self._i2c.writeto(0, b"\x01")
        except OSError:
            pass
        yield from self._pause_steps(_WAKE_MS)
        response = yield from self._receive_steps()
        if not packet.is_woken(response):
            packet.parse(response)
            raise packet.ElementGarbled("the secure element was not asleep")

    def _receive_steps(self) -> "Steps[bytes]":
        """The response, as soon as the chip has it; read again if the line has disturbed it."""
        yield from self._ready_steps()
        response = yield from self._read_steps()
        for _ in range(_ATTEMPTS - 1):
            if packet.is_whole(response):
                break
            # back to its first byte
            self._send(_RESET)
            response = yield from self._read_steps()
        return response

    def _ready_steps(self) -> "Steps[None]":
        """Wait until the chip acknowledges its address."""
        until = self._ticks_ms() + _LONGEST_MS
        while self._ticks_ms() < until:
            try:
                self._i2c.writeto(self._address, _RESET)
            except OSError:
                yield from self._pause_steps(_POLL_MS)
            else:
                return
        raise self._silent()

    def _read_steps(self) -> "Steps[bytes]":
        """One response: its length, then the rest, for each reading goes on where the last one ended (7.2)."""
        count = self._read(1)
        yield
        return count + self._read(max(packet.SHORTEST, min(count[0], packet.LONGEST)) - 1)

    def _read(self, count: int) -> bytes:
        buffer = bytearray(count)
        try:
            self._i2c.readfrom_into(self._address, buffer)
        except OSError:
            raise self._silent() from None
        return bytes(buffer)

    def _send(self, data: bytes) -> None:
        try:
            self._i2c.writeto(self._address, data)
        except OSError:
            raise self._silent() from None

    def _fall_asleep(self) -> None:
        try:  # noqa: SIM105 - boards have no contextlib
            self._send(_SLEEP)
        except packet.ElementSilent:
            # asleep already, or about to be: the watchdog sees to that
            pass

    def _pause_steps(self, ms: int) -> "Steps[None]":
        """At least ``ms`` milliseconds; the one under way may be nearly over."""
        until = self._ticks_ms() + ms + 1
        while self._ticks_ms() < until:
            yield

    def _silent(self) -> packet.ElementSilent:
        return packet.ElementSilent(
            f"no secure element at I2C address 0x{self._address:02x}: look at wiring, supply, and a bus of at most 100 kHz"
        )
