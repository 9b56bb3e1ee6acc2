"""Outbox: what is sent when, with time and chance given."""

from firmware.meter.outbox import FIRST_MS, LONGEST_MS, WINDOW, Outbox


def drain(outbox, now, chance=0):
    """Send all that is due at ``now``."""
    sent = []
    while True:
        seq = outbox.due(now)
        if seq is None:
            return sent
        outbox.sent(seq, now, chance)
        sent.append(seq)


def test_a_new_certificate_goes_at_once_and_again_with_doubling_pauses():
    outbox = Outbox([])
    outbox.add(1)
    times = [now for now in range(0, 400_001, 1000) if drain(outbox, now)]
    pauses = [times[index] - times[index - 1] for index in range(1, len(times))]
    assert pauses[:6] == [3000, 6000, 12000, 24000, 48000, 60000]
    assert set(pauses[5:]) == {LONGEST_MS}


def test_chance_stretches_a_pause_by_up_to_a_quarter():
    outbox = Outbox([])
    outbox.add(1)
    drain(outbox, 0, chance=255)
    assert outbox.due(FIRST_MS + FIRST_MS * 255 // 1024 - 1) is None
    assert outbox.due(FIRST_MS + FIRST_MS * 255 // 1024) == 1


def test_a_receipt_ends_it():
    outbox = Outbox([])
    outbox.add(1)
    drain(outbox, 0)
    outbox.freed(1, 0)
    assert drain(outbox, 10 * LONGEST_MS) == []


def test_a_receipt_before_the_first_sending_ends_it_too():
    outbox = Outbox([])
    outbox.add(1)
    outbox.freed(1, 0)
    outbox.sent(1, 0, 0)
    assert drain(outbox, 10 * LONGEST_MS) == []


def test_a_queue_goes_oldest_first_in_a_window():
    outbox = Outbox(list(range(1, 101)))
    assert drain(outbox, 0) == list(range(1, WINDOW + 1))
    outbox.freed(3, 0)
    assert drain(outbox, 0) == [WINDOW + 1]


def test_a_new_certificate_passes_the_queue_once():
    outbox = Outbox(list(range(1, 101)))
    drain(outbox, 0)
    outbox.add(101)
    assert drain(outbox, 1) == [101]
    assert 101 not in drain(outbox, 2 * FIRST_MS)
    for seq in range(1, 101):
        outbox.freed(seq, 3 * FIRST_MS)
    assert drain(outbox, 3 * FIRST_MS) == [101]


def test_an_outage_does_not_end_in_a_flood():
    outbox = Outbox([])
    for seq in range(1, 51):
        outbox.add(seq)
    outbox.reconnected(0)
    assert drain(outbox, 0) == [50] + list(range(1, WINDOW + 1))  # noqa: RUF005 - MicroPython unpacks no list displays


def test_a_receipt_brings_the_others_forward():
    outbox = Outbox([1, 2])
    for now in (0, 3000, 9000, 21000):
        assert drain(outbox, now) == [1, 2]
    outbox.freed(1, 22000)
    assert drain(outbox, 22000 + FIRST_MS) == [2]


def test_the_gateway_may_ask_for_what_we_hold():
    outbox = Outbox(list(range(1, 51)))
    drain(outbox, 0)
    outbox.resend(8, 20, 1)
    assert drain(outbox, 1) == list(range(8, 21))
    outbox.resend(60, 70, 2)
    assert drain(outbox, 2) == []


def test_a_new_link_makes_everything_on_its_way_due():
    outbox = Outbox([1, 2])
    drain(outbox, 0)
    outbox.reconnected(1)
    assert drain(outbox, 1) == [1, 2]
