"""What an MQTT 3.1.1 client receives (OASIS Standard, 29 October 2014), as it asks for QoS 0 and 1 only. No I/O.

    decoder = Decoder(max_packet=4096)
    for packet in decoder.feed(data):
        if isinstance(packet, Publish):
            take(packet.message)

Whatever breaks the standard, and whatever an honest broker never sends to such a client, is an MqttError.
"""

from . import utf8
from .fields import WireError
from .mqtt import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_CONNACK, _PUBLISH, _PUBACK, _SUBACK, _PINGRESP = 2, 3, 4, 9, 13
# section 3.2.2.3
_REFUSALS = (
    None,
    "the broker does not speak MQTT 3.1.1",
    "the broker refuses this client id",
    "the broker is not available; try again",
    "user name or password is wrong",
    "the broker does not let this user connect",
)


class MqttError(WireError):
    """The broker sends what MQTT 3.1.1 forbids or what we did not ask for. Close the connection (section 4.8)."""


class Packet:
    """One of the control packets below."""

    __slots__ = ()


class Connack(Packet):
    """Answer to CONNECT (section 3.2). ``refusal`` is None if we are in, else what is to be mended."""

    __slots__ = ("refusal", "session_present")

    def __init__(self, session_present: bool, refusal: "str | None") -> None:
        self.session_present = session_present
        self.refusal = refusal


class Publish(Packet):
    """A message for us (section 3.3). One of QoS 1 has a ``packet_id`` in 1..65,535 to answer with PUBACK, else it is 0."""

    __slots__ = ("dup", "message", "packet_id")

    def __init__(self, message: Message, packet_id: int, dup: bool) -> None:
        self.message = message
        self.packet_id = packet_id
        self.dup = dup


class Puback(Packet):
    """The broker took our QoS 1 message (section 3.4), which does not mean that anybody stored it."""

    __slots__ = ("packet_id",)

    def __init__(self, packet_id: int) -> None:
        self.packet_id = packet_id


class Suback(Packet):
    """Answer to SUBSCRIBE (section 3.9). ``granted`` has for each filter, in order, the QoS or None if it was refused."""

    __slots__ = ("granted", "packet_id")

    def __init__(self, packet_id: int, granted: "list[int | None]") -> None:
        self.packet_id = packet_id
        self.granted = granted


class Pingresp(Packet):
    """Answer to PINGREQ (section 3.13)."""

    __slots__ = ()


class Decoder:
    """Cuts the byte stream into packets and never holds more than one packet's bytes between two calls."""

    def __init__(self, max_packet: int) -> None:
        """``max_packet``: bytes of the longest packet we take, header included."""
        self._max = max_packet
        self._buffer = b""
        self._at = 0  # where the next packet begins in it

    def feed(self, data: bytes) -> "Iterator[Packet]":
        """Take bytes as they come, in pieces of any size; the packets that are whole now.

        Raises MqttError, while iterating, at the first packet that is malformed, too long (from its header alone) or not for
        a client. There is no way to find the next packet after that: every later call raises again.
        """
        self._buffer = self._buffer[self._at :] + data
        self._at = 0
        return self._packets()

    def _packets(self) -> "Iterator[Packet]":
        while (head := _head(self._buffer, self._at)) is not None:
            start, end = head
            if end - self._at > self._max:
                raise MqttError(f"a packet of {end - self._at} bytes: at most {self._max} are accepted")
            if len(self._buffer) < end:
                break
            packet = _parse(self._buffer[self._at], self._buffer[start:end])
            self._at = end
            yield packet
        self._buffer = self._buffer[self._at :]
        self._at = 0


def _head(data: bytes, at: int) -> "tuple[int, int] | None":
    """Where the body of the packet at ``at`` starts and ends; None before its length is there (section 2.2.3)."""
    length = 0
    for i in range(1, min(len(data) - at, 5)):
        byte = data[at + i]
        length |= (byte & 127) << 7 * (i - 1)
        if byte < 128:
            return at + i + 1, at + i + 1 + length
    if len(data) - at >= 5:
        raise MqttError("the remaining length has more than 4 bytes")
    return None


def _parse(first: int, body: bytes) -> Packet:
    kind, flags = first >> 4, first & 15
    if kind == _PUBLISH:
        return _publish(flags, body)
    parse = _PARSERS.get(kind)
    if parse is None:
        raise MqttError(f"packet type {kind} is not for a client of QoS 0 and 1")
    if flags:
        raise MqttError(f"packet type {kind} has flags {flags}")
    return parse(body)


def _publish(flags: int, body: bytes) -> Publish:
    dup, qos, retain = bool(flags & 8), flags >> 1 & 3, bool(flags & 1)
    if qos > 1:
        raise MqttError(f"PUBLISH of QoS {qos}, which we never ask for")
    if dup and qos == 0:
        raise MqttError("PUBLISH of QoS 0 is marked as sent before")
    after_topic = 2 + _u16(body, 0)
    topic = _topic(body[2:after_topic], after_topic - 2)
    if qos == 0:
        return Publish(Message(topic, body[after_topic:], qos, retain), 0, dup)
    return Publish(Message(topic, body[after_topic + 2 :], qos, retain), _packet_id(body, after_topic), dup)


def _connack(body: bytes) -> Connack:
    if len(body) != 2 or body[0] > 1 or body[1] >= len(_REFUSALS):
        raise MqttError(f"CONNACK {body.hex()} has no meaning")
    if body[0] and body[1]:
        raise MqttError("CONNACK refuses us and says that a session is there")
    return Connack(bool(body[0]), _REFUSALS[body[1]])


def _puback(body: bytes) -> Puback:
    if len(body) != 2:
        raise MqttError(f"PUBACK has {len(body)} bytes")
    return Puback(_packet_id(body, 0))


def _suback(body: bytes) -> Suback:
    packet_id = _packet_id(body, 0)
    codes = body[2:]
    if not codes or any(code not in (0, 1, 0x80) for code in codes):
        raise MqttError(f"SUBACK grants {codes.hex()}, which we never ask for")
    return Suback(packet_id, [None if code == 0x80 else code for code in codes])


def _pingresp(body: bytes) -> Pingresp:
    if body:
        raise MqttError(f"PINGRESP has {len(body)} bytes")
    return Pingresp()


_PARSERS = {_CONNACK: _connack, _PUBACK: _puback, _SUBACK: _suback, _PINGRESP: _pingresp}


def _topic(data: bytes, length: int) -> str:
    """A topic name (sections 3.3.2.1 and 4.7)."""
    if len(data) != length or length == 0:
        raise MqttError("the topic is empty or cut off")
    try:
        topic = utf8.decode(data)
    except WireError as error:
        raise MqttError(f"topic: {error}") from None
    if "\0" in topic or "+" in topic or "#" in topic:
        raise MqttError("the topic holds U+0000 or a wildcard")
    return topic


def _packet_id(body: bytes, at: int) -> int:
    packet_id = _u16(body, at)
    if packet_id == 0:
        raise MqttError("packet id 0")
    return packet_id


def _u16(body: bytes, at: int) -> int:
    if len(body) < at + 2:
        raise MqttError("the packet ends too early")
    return body[at] << 8 | body[at + 1]
