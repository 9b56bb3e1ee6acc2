"""The broker link against a broker in a function: entering, messages, and coming back after every kind of failure."""

import asyncio
import errno

from firmware.hal import fake
from firmware.meter import mqtt_link
from firmware.meter.config import Broker
from firmware.wire import mqtt

CONNACK, REFUSED = b"\x20\x02\x00\x00", b"\x20\x02\x00\x05"
RECEIPT = mqtt.publish(mqtt.Message("down/receipt", b"free", 1), 7)
WILL = mqtt.Message("up/state", b"offline", 1, True)


def broker(connack=CONNACK, suback=b"\x90\x04\x00\x01\x01\x01", then=b""):
    """Answers CONNECT, SUBSCRIBE (and ``then`` says something) and PINGREQ."""

    def answer(request):
        kind = request[0] >> 4
        if kind == 1:
            return [connack]
        if kind == 8:
            return [suback[:2] + request[2:4] + suback[4:] + then]
        return [b"\xd0\x00"] if kind == 12 else []

    return answer


class Bench:
    """A link on a fake board with the given lines; runs until ``until`` holds or a second has passed."""

    def __init__(self, *lines):
        mqtt_link._FIRST_PAUSE_MS = 1
        mqtt_link._PATIENCE_S = 0.05
        self.board = fake.Board()
        self.lines = [line if isinstance(line, OSError) else fake.Stream(line) for line in lines]
        self.board.lines = list(self.lines)
        self.messages = []
        self.changes = []
        account = Broker("127.0.0.1", 1883, "wind-1", "secret")
        topics = ["down/receipt", "down/cmd"]
        self.link = mqtt_link.MqttLink(
            self.board,
            account,
            "wind-1",
            WILL,
            topics,
            self.take,
            lambda: self.changes.append(self.link.connected),
        )

    async def take(self, message):
        self.messages.append(message)

    def run(self, until, work=None):
        async def watch():
            task = asyncio.create_task(self.link.run())
            for _ in range(500):
                await asyncio.sleep(0.002)
                if until(self):
                    break
            else:
                raise AssertionError("it did not come to that")
            if work is not None:
                await work
            task.cancel()

        asyncio.run(watch())


def test_entering_says_who_we_are_and_leaves_a_will():
    bench = Bench(broker())
    bench.run(lambda bench: bench.link.connected)
    sent = bench.lines[0].sent
    assert sent[0] == mqtt.connect("wind-1", 30, True, "wind-1", "secret", WILL)
    assert sent[1] == mqtt.subscribe(1, [("down/receipt", 1), ("down/cmd", 1)])
    assert bench.changes == [True]


def test_a_message_is_acknowledged_and_handed_on():
    bench = Bench(broker(then=RECEIPT))
    bench.run(lambda bench: bench.messages)
    assert (bench.messages[0].topic, bench.messages[0].payload) == ("down/receipt", b"free")
    assert mqtt.puback(7) in bench.lines[0].sent


def test_publishing_needs_a_link():
    bench = Bench(broker())
    refusals = []

    async def publish():
        try:
            await bench.link.publish(mqtt.Message("up/cert", b"x", 1))
        except OSError as error:
            refusals.append(error.errno)

    asyncio.run(publish())
    assert refusals == [errno.ENOTCONN]


def test_publishing_numbers_messages_of_qos_1():
    bench = Bench(broker())
    message = mqtt.Message("up/cert", b"x", 1)
    bench.run(lambda bench: bench.link.connected, bench.link.publish(message))
    assert bench.lines[0].sent[-1] == mqtt.publish(message, 2)


def test_it_comes_back_after_every_failure():
    refused = OSError(errno.ECONNREFUSED, "refused")
    unwelcome, deaf, rude = broker(connack=REFUSED), (lambda _request: []), broker(then=b"\xff\x00")
    bench = Bench(refused, unwelcome, deaf, broker(suback=b"\x90\x04\x00\x01\x01\x80"), rude, broker())
    bench.run(lambda bench: bench.changes[-3:] == [True, False, True])
    assert bench.changes[:-3] == [False] * 4  # one for each new reason
    assert [line.closed for line in bench.lines if not isinstance(line, OSError)] == [True] * 4 + [False]


def test_it_says_why_the_link_ended():
    bench = Bench(broker(connack=REFUSED), broker())
    bench.run(lambda bench: bench.link.connected)
    assert "user" in bench.link.last_error


def test_a_silent_broker_is_asked_once_and_then_left():
    deaf_later = broker()
    mqtt_link._PING_S = 0.02
    bench = Bench(lambda request: [] if request == mqtt.PINGREQ else deaf_later(request), broker())
    try:
        bench.run(lambda bench: bench.lines[0].closed and bench.link.connected)
    finally:
        mqtt_link._PING_S = 15
    assert bench.lines[0].sent.count(mqtt.PINGREQ) == 1
