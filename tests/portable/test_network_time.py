"""When an SNTP server is asked, and the task that asks it."""

import asyncio
import errno

from firmware.hal import fake
from firmware.meter import network_time
from firmware.meter.config import TimeServer
from firmware.meter.network_time import FIRST_PAUSE_MS, LONGEST_PAUSE_MS, NetworkTime
from firmware.wire.clock import NETWORK

T_MS = 1_800_000_000_000
SECONDS = (T_MS // 1000 + 2_208_988_800).to_bytes(4, "big")


def answer(request, first=b"\x24", stratum=b"\x01", reference=b"GPS\0"):
    return first + stratum + b"\x06\xec" + bytes(8) + reference + bytes(8) + request[40:] + (SECONDS + bytes(4)) * 2


def test_pauses_double_to_seventeen_minutes():
    schedule, ticks, pauses = NetworkTime(), 5000, []
    assert schedule.is_due(ticks)
    for _ in range(7):
        schedule.asked(ticks, 0)
        began = ticks
        while not schedule.is_due(ticks):
            ticks += 1000
        pauses.append((ticks - began) // 1000)
    assert pauses == [64, 128, 256, 512, 1024, 1024, 1024]


def test_chance_stretches_a_pause_by_an_eighth_at_most():
    schedule = NetworkTime()
    schedule.asked(0, 255)
    assert not schedule.is_due(FIRST_PAUSE_MS + FIRST_PAUSE_MS // 8 - 1000)
    assert schedule.is_due(FIRST_PAUSE_MS + FIRST_PAUSE_MS // 8)


def test_a_server_that_wants_less_gets_less_and_one_that_bans_us_nothing():
    schedule = NetworkTime()
    schedule.asked(0, 0)
    schedule.kissed("RATE", 100)
    assert not schedule.is_due(LONGEST_PAUSE_MS + 99)
    assert schedule.is_due(LONGEST_PAUSE_MS + 100)
    schedule.asked(LONGEST_PAUSE_MS + 100, 0)
    assert not schedule.is_due(2 * LONGEST_PAUSE_MS + 99)
    for code in ("DENY", "RSTR"):
        schedule = NetworkTime()
        schedule.kissed(code, 0)
        assert schedule.banned
        assert not schedule.is_due(1 << 40)


class Bench:
    """The task, on a board whose clock goes a minute at a look; ``answers``: what comes to each request, or an OSError."""

    def __init__(self, *answers):
        self.board = fake.Board()
        self.lines = []
        for pieces in answers:
            line = pieces if isinstance(pieces, OSError) else fake.Stream(self.replies(pieces))
            self.board.lines.append(line)
            self.lines.append(line)
        self.learnt, self.said = [], []

    def replies(self, pieces):
        return lambda request: [piece(request) if callable(piece) else piece for piece in pieces]

    def take(self, *measurement):
        self.learnt.append(measurement)

    def run(self):
        """Until the lines are used up and a little longer; whether the task has ended by itself."""

        async def watch():
            server = TimeServer("192.0.2.1", 123)
            task = asyncio.create_task(network_time.keep(server, self.board, self.take, self.said.append))
            turns = 20
            while turns:
                if self.board.lines:
                    self.board.clock.advance(60_000)
                else:
                    turns -= 1
                await asyncio.sleep(0.002)
            ended = task.done()
            task.cancel()
            return ended

        kept = network_time._LOOK_S, network_time._PATIENCE_S
        network_time._LOOK_S, network_time._PATIENCE_S = 0.001, 0.02
        try:
            return asyncio.run(watch())
        finally:
            network_time._LOOK_S, network_time._PATIENCE_S = kept


def test_what_is_learnt_is_handed_on_with_its_source():
    bench = Bench([answer])
    assert not bench.run()
    assert len(bench.learnt) == 1
    source, time_ms, uncertainty, ticks = bench.learnt[0]
    assert (source, ticks % 60_000) == (NETWORK, 0)
    assert (time_ms, uncertainty) == (T_MS, 2)
    assert bench.said == ["time server: answers"]
    assert bench.lines[0].closed


def test_stray_packets_are_passed_over():
    bench = Bench([b"", bytes(48), lambda request: answer(request[:40] + bytes(8)), answer])
    bench.run()
    assert len(bench.learnt) == 1


def test_every_request_has_a_cookie_and_a_port_of_its_own():
    bench = Bench([answer], [answer], [answer])
    bench.run()
    assert len({line.sent[0] for line in bench.lines}) == len(bench.learnt) == 3
    assert all(line.closed for line in bench.lines)


def test_what_goes_wrong_is_said_once_and_asked_again():
    silent = []
    bench = Bench(
        OSError(errno.EHOSTUNREACH, "no way"),
        OSError(errno.EHOSTUNREACH, "no way"),
        silent,
        [lambda request: answer(request, b"\xe4")],
        [answer],
        [answer],
    )
    bench.run()
    assert len(bench.learnt) == 2
    assert len(bench.said) == 4
    assert "nothing within" in bench.said[1]
    assert "does not know the time" in bench.said[2]
    assert bench.said[3] == "time server: answers"


def test_a_ban_ends_the_asking():
    kisses = [lambda request, code=code: answer(request, b"\xe4", b"\0", code) for code in (b"RATE", b"DENY")]
    bench = Bench([kisses[0]], [kisses[1]])
    assert bench.run()
    assert bench.said == ["time server: the time server says RATE", "time server: the time server says DENY"]
    assert bench.learnt == []
