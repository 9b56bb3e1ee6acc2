"""What an MQTT 3.1.1 client sends (OASIS Standard, 29 October 2014). QoS 0 and 1; no I/O; mqtt_decoder has the other way.

All functions return one whole control packet and raise RangeError for what does not fit it: text with U+0000 or more than
65,535 bytes, a packet id outside 1..65,535, a QoS above 1.
"""

from .fields import RangeError, u8, u16

PINGREQ = b"\xc0\x00"  # section 3.12
DISCONNECT = b"\xe0\x00"  # section 3.14

_CONNECT, _PUBLISH, _PUBACK, _SUBSCRIBE = 0x10, 0x30, 0x40, 0x82
_LEVEL = b"\x00\x04MQTT\x04"  # protocol name and level: sections 3.1.2.1 and 3.1.2.2
_USERNAME, _PASSWORD, _WILL_RETAIN, _WILL, _CLEAN_SESSION = 0x80, 0x40, 0x20, 0x04, 0x02
_LONGEST = (1 << 28) - 1  # remaining length: section 2.2.3


class Message:
    """What is published, by us, to us, or as our last will.

    Attributes:
        topic: no wildcards, not empty.
        payload: any bytes.
        qos: 0 (at most once) or 1 (at least once).
        retain: whether the broker keeps it for later subscribers.
    """

    __slots__ = ("payload", "qos", "retain", "topic")

    def __init__(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> None:
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain


def connect(
    client_id: str,
    keepalive_s: int,
    clean_session: bool,
    username: "str | None" = None,
    password: "str | None" = None,
    will: "Message | None" = None,
) -> bytes:
    """CONNECT (section 3.1).

    Args:
        client_id: names the session on the broker; one that is kept needs a name, so "" demands ``clean_session``.
        keepalive_s: seconds after which, times 1.5, the broker gives up a silent client; 0 for never, at most 65,535.
        clean_session: whether the broker forgets subscriptions and queued messages of before and after.
        username, password: a password needs a username.
        will: what the broker publishes for us if the connection ends without DISCONNECT.
    """
    if not client_id and not clean_session:
        raise RangeError("a session that is kept needs a client id")
    if password is not None and username is None:
        raise RangeError("a password needs a username")
    flags = _CLEAN_SESSION if clean_session else 0
    payload = _text(client_id)
    if will is not None:
        flags |= _WILL | _qos(will.qos) << 3 | (_WILL_RETAIN if will.retain else 0)
        payload += _topic(will.topic) + u16(len(will.payload)) + will.payload
    if username is not None:
        flags |= _USERNAME
        payload += _text(username)
    if password is not None:
        flags |= _PASSWORD
        payload += _text(password)
    return _packet(_CONNECT, _LEVEL + u8(flags) + u16(keepalive_s) + payload)


def publish(message: Message, packet_id: int = 0, dup: bool = False) -> bytes:
    """PUBLISH (section 3.3). QoS 1 needs a ``packet_id``; QoS 0 has none. ``dup`` marks a QoS 1 message sent before."""
    flags = _qos(message.qos) << 1 | message.retain
    if message.qos == 0:
        if packet_id or dup:
            raise RangeError("a message of QoS 0 has no packet id and is not sent again")
        return _packet(_PUBLISH | flags, _topic(message.topic) + message.payload)
    return _packet(_PUBLISH | flags | dup << 3, _topic(message.topic) + _id(packet_id) + message.payload)


def puback(packet_id: int) -> bytes:
    """PUBACK (section 3.4) for a PUBLISH of QoS 1 that we received."""
    return _packet(_PUBACK, _id(packet_id))


def subscribe(packet_id: int, filters: "list[tuple[str, int]]") -> bytes:
    """SUBSCRIBE (section 3.8) to topic filters, each with the highest QoS we want; wildcards are the caller's business."""
    if not filters:
        raise RangeError("SUBSCRIBE needs a topic filter")
    body = _id(packet_id)
    for filter, qos in filters:
        if not filter:
            raise RangeError("a topic filter is not empty")
        body += _text(filter) + u8(_qos(qos))
    return _packet(_SUBSCRIBE, body)


def _packet(first: int, body: bytes) -> bytes:
    """Fixed header and body; the length goes in groups of 7 bits, the lowest first (section 2.2.3)."""
    length = len(body)
    if length > _LONGEST:
        raise RangeError(f"{length} bytes do not fit a packet")
    head = u8(first)
    while length > 127:
        head += u8(length & 127 | 128)
        length >>= 7
    return head + u8(length) + body


def _text(text: str) -> bytes:
    """Length and UTF-8 (section 1.5.3)."""
    if "\0" in text:
        raise RangeError("text holds U+0000")
    data = text.encode()
    return u16(len(data)) + data


def _topic(topic: str) -> bytes:
    """A topic name, as opposed to a filter (section 4.7)."""
    if not topic or "+" in topic or "#" in topic:
        raise RangeError(f"{topic!r} is no topic to publish to")
    return _text(topic)


def _id(packet_id: int) -> bytes:
    if packet_id == 0:
        raise RangeError("packet id 0 is not allowed")
    return u16(packet_id)


def _qos(qos: int) -> int:
    if qos not in (0, 1):
        raise RangeError(f"QoS {qos} is not spoken here")
    return qos
