"""What every decoder promises of any bytes: a value or a WireError; and of a value, that it has one form.

A subject is a decoder by its number: the first byte of an input says which one takes the rest.
"""

from collections.abc import Callable

from firmware.wire import cbor, certificate, command, cose, enrolment, event, log_piece, manifest, receipt, rotation, timesync
from firmware.wire.fields import WireError
from firmware.wire.mqtt_decoder import Decoder, Packet, Publish
from firmware.wire.topics import parse_up

SITE, METER = "isle", "wind-1"
_MOST_PACKET = 4096


class TwoForms(Exception):
    """Other bytes were taken for a value than those that say it: a defect of the decoder."""


def judge(data: bytes) -> None:
    """Have the decoder that ``data`` names take the rest. TwoForms, or whatever escapes besides WireError, is a defect."""
    if not data:
        return
    try:
        again = DECODERS[data[0] % len(DECODERS)](data[1:])
    except WireError:
        return
    if again is not None and again != data[1:]:
        raise TwoForms(f"{data[1:].hex()} is taken for what {again.hex()} says")


def _cbor(data: bytes) -> bytes:
    return cbor.encode(cbor.decode(data))


def _cose(data: bytes) -> bytes:
    one = cose.parse(data)
    claims = {cose.ISSUER: one.issuer, cose.SUBJECT: one.subject}
    protected = cbor.encode({cose.ALG: cose.ES256, cose.KID: one.kid, cose.CWT_CLAIMS: claims, cose.TYPE: one.type})
    return cbor.encode(cbor.Tagged(18, [protected, {}, one.payload, one.signature]))


def _certificate(data: bytes) -> bytes:
    return certificate.decode(data).encode()


def _event(data: bytes) -> bytes:
    return event.decode(data).encode()


def _command(data: bytes) -> None:
    command.parse(data, SITE, METER)


def _receipt(data: bytes) -> bytes:
    one = receipt.decode(data)
    again = receipt.encode(one.kid, one.site, one.size, one.index, one.path, one.signature)
    one.root(data)
    return again


def _envelope(data: bytes) -> bytes:
    return receipt.wrap(*receipt.unwrap(data))


def _manifest(data: bytes) -> None:
    manifest.decode(cose.parse(data, manifest.MAX_SIZE))


def _file(data: bytes) -> bytes:
    return manifest.parse_line(data).line()


def _want(data: bytes) -> bytes:
    return manifest.want(*manifest.parse_want(data))


def _chunk(data: bytes) -> bytes:
    return manifest.chunk(*manifest.parse_chunk(data))


def _log_piece(data: bytes) -> bytes:
    return cbor.encode(list(log_piece.decode(data)))


def _time(data: bytes) -> None:
    timesync.parse_answer(data, SITE, METER)


def _rotation(data: bytes) -> None:
    rotation.decode(data)


def _request(data: bytes) -> None:
    enrolment.public_of(cose.parse(data, enrolment.MAX_SIZE))


def _topic(data: bytes) -> None:
    parse_up(data.decode(errors="replace"))


def _mqtt(data: bytes) -> None:
    """The stream cut in two, anywhere, gives the same packets as in one piece."""
    whole = _packets([data])
    cut = data[0] * len(data) >> 8 if data else 0
    if whole != _packets([data[:cut], data[cut:]]):
        raise TwoForms(f"{data.hex()} is another stream when it comes in two pieces")


def _packets(pieces: list[bytes]) -> list[object]:
    decoder = Decoder(_MOST_PACKET)
    found: list[object] = []
    try:
        for piece in pieces:
            for packet in decoder.feed(piece):
                found.append(_described(packet))
    except WireError as error:
        found.append(str(error))
    return found


def _described(packet: Packet) -> object:
    message = (packet.message.topic, packet.message.payload) if isinstance(packet, Publish) else None
    return type(packet).__name__, message


DECODERS: tuple[Callable[[bytes], bytes | None], ...] = (
    _cbor,
    _cose,
    _certificate,
    _event,
    _command,
    _receipt,
    _envelope,
    _manifest,
    _file,
    _want,
    _chunk,
    _log_piece,
    _time,
    _rotation,
    _request,
    _topic,
    _mqtt,
)
