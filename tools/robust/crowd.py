"""Everybody who may send something to a gateway, good and bad, from a seed."""

import json
import random
from collections.abc import Callable

from firmware.wire import certificate, clock, cose, event, gap, log_piece, manifest, topics
from gateway.core.centre import Message
from tests.centre_bench import NOW, on_its_topic
from tests.virtual_meter import SITE, VirtualMeter
from tools.robust.mutation import Mutator

_HOSTILE = 8
_KEPT = 512
_LONGEST = 10
"""Of the intervals in a hostile catch-up, as a power of two: a million cost seconds each, and show nothing more."""
_STATE = {"online": True, "seq": 5, "receipted": 4, "pending": 1, "boot": 2, "w": -1200, "dv": 2301, "mhz": 49980, "soc": None}
_BUS = {"unit": 1, "status": "ok", "errors": {"timeout": 3}}
_HEALTH = {
    "uptime_s": 90,
    "boot": 2,
    "reset": "power-on",
    "heap_free": 90_000,
    "lag_max_ms": 7,
    "lag_mean_ms": 1,
    "store_percent": 3,
    "rssi": None,
    "refused": 0,
    "link_error": "",
    "bus": [_BUS],
}


class Crowd:
    """Honest and hostile meters: the same seed sends the same. Times are Unix seconds."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._mutator = Mutator(self._chance)
        self.honest = [VirtualMeter("wind-1", 11), VirtualMeter("house-1", 12)]
        self.hostile = [VirtualMeter(f"mallory-{number}", 100 + number) for number in range(_HOSTILE)]
        self._kept: list[Message] = []
        self._kinds: list[tuple[int, Callable[[], Message]]] = [
            (3, self._good),
            (20, self._forged),
            (1, self._strange),
            (20, self._damaged),
            (10, self._repeated),
            (10, self._said),
            (5, self._noise),
        ]

    @property
    def time(self) -> int:
        """Up to when the honest have certified."""
        return max(meter.t for meter in self.honest)

    def message(self) -> Message:
        """The next one."""
        message = self._maker()()
        if len(self._kept) < _KEPT:
            self._kept.append(message)
        else:
            self._kept[self._chance.randrange(_KEPT)] = message
        return message

    def _maker(self) -> Callable[[], Message]:
        if not self._kept:
            return self._good
        makers = [make for _, make in self._kinds]
        return self._chance.choices(makers, [weight for weight, _ in self._kinds])[0]

    def _good(self) -> Message:
        meter = self._chance.choice(self.honest)
        if self._chance.random() < 0.2:
            return on_its_topic(meter, meter.record(), "event")
        return on_its_topic(meter, meter.certify(self._chance.randint(0, 9), self._chance.randint(0, 9)))

    def _forged(self) -> Message:
        """What a key of ours signs, and no meter of ours would."""
        meter, details = self._chance.choice(self.hostile), self._chance.choice([{1: "power-on", 2: 0}, self._gap()])
        if self._chance.random() < 0.5:
            good, type, kind = meter.certify(self._chance.randint(0, 9), 0), certificate.TYPE, "cert"
        else:
            number = event.GAP if 5 in details else event.BOOT
            good, type, kind = meter.record(number, details=details), event.TYPE, "event"
        body = self._mutator.of_body(cose.parse(good).payload)
        return on_its_topic(meter, cose.sign(meter.signer, SITE, meter.meter, type, body), kind)

    def _strange(self) -> Message:
        """A sound certificate of a meter that has lost its place: in number, time or registers, for one interval or many."""
        meter = self._chance.choice(self.hostile)
        if self._chance.random() < 0.3:
            meter.seq, meter.prev = 1 << self._chance.randrange(32), self._chance.randbytes(32)
        if self._chance.random() < 0.3:
            meter.t = self._chance.randint(clock.EARLIEST_S, self.time)
        if self._chance.random() < 0.1:
            meter.registers = self._chance.randrange(1 << 47), self._chance.randrange(1 << 47)
        energy = 1 << self._chance.randrange(40)
        seen = (1 << self._chance.randrange(64), self._chance.randbytes(32)) if self._chance.random() < 0.3 else None
        return on_its_topic(meter, meter.certify(energy, 0, 1 << self._chance.randrange(_LONGEST), seen=seen))

    def _gap(self) -> dict[int, object]:
        first = self._chance.randint(1, 1 << 32)
        t0 = NOW - self._chance.randint(1, 1_000_000)
        return gap.Gap(first, first + self._chance.randint(0, 9), t0, t0 + 60, (5, 5), (9, 9)).details()

    def _damaged(self) -> Message:
        source = self._chance.choice(self._kept)
        if self._chance.random() < 0.1:
            topic = self._mutator.of_bytes(source.topic.encode()).decode(errors="replace")
            return Message(topic, source.payload)
        return Message(source.topic, self._mutator.of_bytes(source.payload))

    def _repeated(self) -> Message:
        source, other = self._chance.choice(self._kept), self._chance.choice([*self.honest, *self.hostile])
        return source if self._chance.random() < 0.9 else on_its_topic(other, source.payload)

    def _said(self) -> Message:
        """What is not signed: sometimes as it should be, mostly not quite."""
        meter = self._chance.choice([*self.honest, *self.hostile])
        kind, payload = self._chance.choice(
            [
                ("state", json.dumps({**_STATE, "t": self.time}).encode()),
                ("state", b'{"online": false}'),
                ("health", json.dumps(_HEALTH).encode()),
                ("log", next(log_piece.split(b"a line\n"))),
                ("log", self._chance.choice(list(log_piece.split(b"many lines\n" * 99)))),
                ("want", manifest.want(2, self._chance.randint(0, 3), 0)),
                ("time", self._chance.randbytes(8)),
            ]
        )
        if self._chance.random() < 0.8:
            payload = self._mutator.of_bytes(payload)
        return on_its_topic(meter, payload, kind)

    def _noise(self) -> Message:
        name = "".join(self._chance.choices("abcdefghijklmnopqrstuvwxyz0123456789-", k=self._chance.randint(1, 32)))
        topic = topics.up(self._chance.choice([SITE, name]), name, self._chance.choice(topics.UP))
        return Message(topic, self._chance.randbytes(self._chance.choice((0, 3, 60, 900, 6000))))
