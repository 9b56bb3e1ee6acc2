"""The contact: believed only when it and the power say the same."""

import errno

from firmware.hal import fake
from firmware.meter.relay import CLOSED, FAULT, OPEN, PATIENCE_MS, TRY_MS, Contact


def driven(closed, relay=None):
    contact = Contact(relay or fake.Relay())
    contact.drive(closed, 0)
    return contact


def test_closed_when_it_says_so_and_somebody_looked():
    contact = driven(True)
    assert (contact.condition(1), contact.power()) == (None, None)
    contact.read(0, 500)
    assert (contact.condition(501), contact.power()) == (CLOSED, 0)


def test_open_when_nothing_flows():
    relay = fake.Relay()
    contact = driven(False, relay)
    assert relay.moves == 1
    contact.read(900, 500)
    assert contact.condition(600) is None
    contact.read(-50, 1500)
    assert contact.condition(1600) == OPEN
    contact.read(51, 2500)
    assert contact.condition(PATIENCE_MS) == FAULT


def test_a_reading_from_before_does_not_count():
    contact = Contact(fake.Relay())
    contact.read(0, 100)
    contact.drive(False, 100)
    assert contact.condition(200) is None


def test_a_stuck_contact_is_driven_again_and_is_a_fault():
    relay = fake.Relay()
    relay.stuck = True
    contact = driven(False, relay)
    contact.read(0, 1)
    contact.drive(False, PATIENCE_MS)
    assert contact.condition(PATIENCE_MS) == FAULT
    relay.stuck = False
    contact.drive(False, PATIENCE_MS + TRY_MS - 1)
    assert relay.is_closed
    contact.drive(False, PATIENCE_MS + TRY_MS)
    assert contact.condition(PATIENCE_MS + TRY_MS) == OPEN


def test_without_a_reading_the_contact_is_believed_in_the_end():
    contact = driven(False)
    assert contact.condition(PATIENCE_MS - 1) is None
    assert contact.condition(PATIENCE_MS) == OPEN


def test_without_feedback_the_power_decides():
    class Mute(fake.Relay):
        def closed(self):
            return None

    contact = driven(False, Mute())
    contact.read(700, 1)
    assert contact.condition(PATIENCE_MS) == FAULT
    contact.read(0, 2)
    assert contact.condition(3) == OPEN


def test_a_contact_that_cannot_be_reached_is_a_fault():
    class Gone:
        def set(self, _closed):
            raise OSError(errno.EIO)

        def closed(self):
            raise OSError(errno.EIO)

    contact = driven(True, Gone())
    contact.read(5, 1)
    assert contact.says is None
    assert contact.condition(PATIENCE_MS) == FAULT


def test_no_contact_no_condition():
    contact = Contact(None)
    contact.drive(True, 0)
    contact.read(5, 1)
    assert (contact.exists, contact.says, contact.condition(PATIENCE_MS), contact.power()) == (False, None, None, 5)
