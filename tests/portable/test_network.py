"""Keeping an interface connected: when to try, when to give up, and that nothing ever restarts the board."""

import asyncio

from firmware.hal import fake
from firmware.meter import network
from firmware.meter.network import ATTEMPT_MS, ATTEMPTS_PER_RESTART, CONNECT, DISCONNECT, LONGEST_PAUSE_MS, NOTHING, RESTART


class Minutes:
    """An attachment stepped every half second; ``actions`` are those that were something, with their time in ms."""

    def __init__(self):
        self.attachment = network.Attachment()
        self.now = 0
        self.actions = []

    def run(self, ms, connected=False, chance=0):
        end = self.now + ms
        while self.now < end:
            action = self.attachment.step(self.now, connected, chance)
            if action != NOTHING:
                self.actions.append((self.now, action))
            self.now += 500


def test_it_tries_at_once_and_gives_up_in_time():
    minutes = Minutes()
    minutes.run(ATTEMPT_MS + 500)
    assert minutes.actions == [(0, CONNECT), (ATTEMPT_MS, DISCONNECT)]


def test_pauses_grow_to_a_minute_and_chance_stretches_them():
    for chance, longest in ((0, LONGEST_PAUSE_MS), (255, LONGEST_PAUSE_MS * 3 // 2)):
        minutes = Minutes()
        minutes.run(3_600_000, chance=chance)
        times = [now for now, action in minutes.actions if action != DISCONNECT]
        pauses = [times[index] - times[index - 1] - ATTEMPT_MS for index in range(1, len(times))]
        assert pauses[0] <= 1500
        assert pauses == sorted(pauses)
        assert longest - 1000 <= pauses[-1] <= longest + 500


def test_every_fifth_attempt_restarts_the_radio():
    minutes = Minutes()
    minutes.run(24 * 3_600_000)
    kinds = [action for _, action in minutes.actions if action != DISCONNECT]
    assert {index for index, kind in enumerate(kinds, 1) if kind == RESTART} == set(
        range(ATTEMPTS_PER_RESTART, len(kinds) + 1, ATTEMPTS_PER_RESTART)
    )


def test_a_connection_is_left_alone_and_its_loss_is_answered_at_once():
    minutes = Minutes()
    minutes.run(600_000)
    minutes.run(3_600_000, connected=True)
    assert minutes.attachment.connected
    before, lost = len(minutes.actions), minutes.now
    minutes.run(1000)
    assert minutes.actions[before:] == [(lost, CONNECT)]
    assert (minutes.attachment.losses, minutes.attachment.connected) == (1, False)


class Interface:
    """Connects with the third attempt; the second one raises."""

    def __init__(self):
        self.attempts = 0
        self.calls = []

    def connected(self):
        return self.attempts >= 3

    def connect(self):
        self.attempts += 1
        self.calls.append("connect")
        if self.attempts == 2:
            raise OSError("the driver is busy")

    def disconnect(self):
        self.calls.append("disconnect")

    def restart(self):
        self.calls.append("restart")

    def status(self):
        return "not heard"


def test_the_task_goes_on_after_errors_and_says_why():
    board, interface, said = fake.Board(), Interface(), []

    async def watch():
        task = asyncio.create_task(network.keep(interface, board.clock, board.random, said.append))
        for _ in range(400):
            board.clock.advance(1000)
            await asyncio.sleep(0.001)
            if "network: connected" in said:
                break
        task.cancel()

    network._LOOK_MS, kept = 1, network._LOOK_MS
    try:
        asyncio.run(watch())
    finally:
        network._LOOK_MS = kept
    assert interface.calls == ["connect", "disconnect", "connect", "disconnect", "connect"]
    assert said == ["network: not heard", "network: the driver is busy", "network: connected"]
