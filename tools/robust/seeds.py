"""Good inputs for the decoders, from which a fuzzer sets out: at least one for each (see decoding.DECODERS)."""

from collections.abc import Callable

from firmware.wire import cbor, command, cose, gap, log_piece, manifest, mqtt, receipt, rotation, timesync, topics
from firmware.wire import event as events
from firmware.wire.fields import WireError
from tests.virtual_meter import CENTRE, VirtualMeter, signer
from tools.robust.decoding import DECODERS, METER, SITE

_CONNACK, _SUBACK, _PINGRESP = b"\x20\x02\x01\x00", b"\x90\x04\x00\x07\x01\x80", b"\xd0\x00"


def inputs() -> list[bytes]:
    """As ``decoding.judge`` takes them: each sample, for each decoder that makes something of it."""
    samples = _samples()
    return [bytes([number]) + data for number, decode in enumerate(DECODERS) for data in samples if _suits(decode, data)]


def _suits(decode: Callable[[bytes], bytes | None], data: bytes) -> bool:
    try:
        decode(data)
    except WireError:
        return False
    return True


def _samples() -> list[bytes]:
    meter = VirtualMeter(METER, 11, site=SITE)
    first = meter.certify(5, 3)
    second = meter.certify(5, 3, 7, seen=(9, bytes(32)))
    boot = meter.record()
    hole = gap.Gap(3, 4, meter.t, meter.t + 60, (5, 5), (9, 9))
    other = meter.record(events.GAP, details=hole.details())
    path = [bytes([level]) * 32 for level in range(3)]
    proof = receipt.encode(CENTRE.kid, SITE, 8, 3, path, receipt.sign_head(CENTRE, SITE, bytes(32)))
    release = manifest.Manifest(2, METER, 90, bytes(32), meter.t)
    signed = manifest.sign(CENTRE, SITE, release)
    packets = (mqtt.publish(mqtt.Message("a/b", b"c", 1), 7), mqtt.puback(7), _CONNACK, _SUBACK, _PINGRESP)
    new = rotation.rotate(meter.signer, signer(12), SITE, METER, 5, 5)
    return [
        *(form for data in (first, second, boot, other, new) for form in (data, cose.parse(data).payload)),
        cbor.encode({1: [None, "text", bytes(3), -1, 1 << 63], -1: cbor.Tagged(18, [])}),
        command.issue(CENTRE, SITE, METER, 5, command.RESEND, [1, 2], meter.t, meter.t + 60),
        command.issue(CENTRE, SITE, METER, 6, command.UPDATE, signed, meter.t),
        proof,
        receipt.wrap(receipt.EVENT, 7, proof),
        signed,
        manifest.File("meter/app.mpy", 90, bytes(32)).line(),
        manifest.want(2, 1, 1024),
        manifest.chunk(2, 1, 1024, b"code"),
        *log_piece.split(b"a line\n"),
        timesync.answer(CENTRE, SITE, METER, meter.t * 1000, 5, bytes(8)),
        meter.request,
        topics.up(SITE, METER, "cert").encode(),
        b"".join(packets),
    ]
