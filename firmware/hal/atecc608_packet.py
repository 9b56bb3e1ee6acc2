"""What goes over the wire to and from Microchip's ATECC608, and what its answers mean. No I/O.

    command    count | opcode | mode | parameter, low byte first | data | CRC      count is of all of these, itself included
    response   count | data, or one byte of status               | CRC

Source: data sheet ATECC608B-TNGLoRaWAN, sections 4.1 (groups), 4.2 (command packets), 4.3 (status codes) and 5 (commands).
"""

from ..wire.fields import u8, u16
from ..wire.signer import SignerError

SHORTEST, LONGEST = 4, 67  # bytes of a response: a status; a signature or a public key
_POLYNOMIAL = 0x8005
_SUCCESS, _WOKEN = 0x00, 0x11
_ZONE_CONFIG, _BLOCK = 0x00, 0x80


class ElementError(SignerError):
    """The secure element did not do what it was asked for."""


class ElementSilent(ElementError):
    """It does not acknowledge its address. The message says what to look for."""


class ElementGarbled(ElementError):
    """What it says, or what it heard, fails the CRC: a disturbed line."""


class ElementFault(ElementError):
    """It failed while computing, or its watchdog came first."""


class ElementRefused(ElementError):
    """It will not do this, now or later: a slot without a key, a limit reached, a failed self-test, another chip."""


class ElementUnlocked(ElementError):
    """Configuration or data zone is not locked, so its keys are not safe. Provision it with Microchip's tools first."""


# Statuses behind which another attempt may succeed: 4.3 says so of the first and the last, the others are lost sessions.
_PASSING = {
    0x05: (ElementFault, "a fault in its elliptic-curve unit"),
    0xEE: (ElementFault, "its watchdog is about to put it to sleep"),
    _WOKEN: (ElementGarbled, "it has heard no command since it woke"),
    0xFF: (ElementGarbled, "it heard a command with a wrong CRC"),
}
_LASTING = {
    0x01: "the comparison failed",
    0x03: "it does not know the command or its parameters",
    0x07: "its self-test failed: power it down; if that does not help, replace it",
    0x08: "its random number generator failed its health test: power it down; if that does not help, replace it",
    0x0F: "its configuration does not allow that, or the slot holds no key",
}


def crc(data: bytes) -> bytes:
    """CRC-16 with polynomial 0x8005, each byte from its lowest bit; two bytes, low byte first (4.1)."""
    register = 0
    for byte in data:
        for bit in range(8):
            differs = byte >> bit & 1 != register >> 15
            register = register << 1 & 0xFFFF
            if differs:
                register ^= _POLYNOMIAL
    return bytes([register & 0xFF, register >> 8])


def command(opcode: int, mode: int, parameter: int = 0, data: bytes = b"") -> bytes:
    """A command packet. RangeError if a number does not fit its field."""
    parameter_bytes = u16(parameter)
    body = u8(7 + len(data)) + u8(opcode) + u8(mode) + parameter_bytes[1:] + parameter_bytes[:1] + data
    return body + crc(body)


def info() -> bytes:
    """Info, mode revision: 4 bytes, of which the third is 0x60 in every ATECC608."""
    return command(0x30, 0x00)


def read_config(block: int) -> bytes:
    """Read 32 bytes of the configuration zone: bytes 32 * ``block`` on, block 0..3."""
    return command(0x02, _ZONE_CONFIG | _BLOCK, block << 3)


def random() -> bytes:
    """32 random bytes."""
    return command(0x1B, 0x00)


def load_digest(digest: bytes) -> bytes:
    """Nonce, fixed, into the message digest buffer (5.1.4): 32 bytes that ``sign_digest`` signs."""
    return command(0x16, 0x43, 0, digest)


def sign_digest(slot: int) -> bytes:
    """Sign, external, from the message digest buffer, with the private key in ``slot`` (5.2.3.1): r || s, s low or high."""
    return command(0x41, 0xA0, slot)


def public_key(slot: int) -> bytes:
    """GenKey, public (5.2.2.2): X || Y of the private key in ``slot``."""
    return command(0x40, 0x00, slot)


def read_counter(index: int) -> bytes:
    """Counter, read (5.1.1): 4 bytes, low byte first, of monotonic counter 0 or 1."""
    return command(0x24, 0x00, index)


def increment_counter(index: int) -> bytes:
    """Counter, increment (5.1.1), and read."""
    return command(0x24, 0x01, index)


def is_whole(response: bytes) -> bool:
    """Whether length and CRC are right."""
    return SHORTEST <= len(response) == response[0] and crc(response[:-2]) == response[-2:]


def parse(response: bytes) -> bytes:
    """A response's data; empty for the status of success.

    Raises:
        ElementGarbled, ElementFault: another attempt may succeed.
        ElementRefused: it will not.
    """
    if not is_whole(response):
        raise ElementGarbled("a response of the secure element has a wrong length or CRC")
    if len(response) > SHORTEST:
        return response[1:-2]
    status = response[1]
    if status in _PASSING:
        kind, meaning = _PASSING[status]
        raise kind(f"secure element: {meaning}")
    if status != _SUCCESS:
        raise ElementRefused(f"secure element: {_LASTING.get(status, 'a status that no data sheet names')} (0x{status:02x})")
    return b""


def is_woken(response: bytes) -> bool:
    """Whether this is what the chip has to say after it woke: 04 11 33 43."""
    return is_whole(response) and len(response) == SHORTEST and response[1] == _WOKEN
