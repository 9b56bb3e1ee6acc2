"""A prepaid household, week after week, with nobody to ask."""

from firmware.hal import fake
from firmware.meter.control import Control
from firmware.meter.credit import EMERGENCY, EXHAUSTED, FRIENDLY, LOW, OK
from firmware.meter.load_control import FIRST_MS
from firmware.meter.notes import Notes
from firmware.meter.relay import CLOSED, FAULT, OPEN, Contact
from firmware.meter.supply import STAGGER_MS, Supply
from firmware.wire import command, event
from firmware.wire.tariff import Tariff

MONDAY = 1_799_625_600  # 2027-01-11, midnight UTC
DAY = 86400
QUARTER = 900
PRICE = 200_000  # micro-tokens a kWh


class House:
    """A household that draws ``w`` while it is supplied, and its meter, which certifies every quarter of an hour."""

    def __init__(self, w=1000, tariff=None, credit=0, meter="home-1", utc_offset_min=0):
        self.board = fake.Board()
        self.utc_offset_min = utc_offset_min
        self.meter = meter
        self.w = w
        self.watt_seconds = 0
        self.certified_wh = (0, 0)
        self.certificates = 0
        self.events = []
        self.clock_is_set = True
        self.start()
        if tariff is not None:
            self.supply.charge(0, 0)
            self.control.account.set_tariff(tariff)
            self.control.account.set_credit(credit, 1)
            self.control.save()

    def start(self):
        self.control = Control(Notes(self.board.files), {command.UTC_OFFSET_MIN: self.utc_offset_min}, MONDAY)
        self.supply = Supply(self.control, Contact(self.board.relay), self.meter, self.now)
        self.supply.charge(*self.certified_wh)

    @property
    def now(self):
        return self.board.clock.ticks_ms()

    @property
    def at(self):
        return MONDAY + self.now // 1000

    @property
    def account(self):
        return self.control.account

    def live(self, seconds, step=60):
        for _ in range(seconds // step):
            drawn = self.w if self.board.relay.is_closed else 0
            self.board.clock.advance(1000 * step)
            self.watt_seconds += drawn * step
            self.supply.read(drawn, self.now)
            if self.now // 1000 // QUARTER > self.certificates:
                self.certify()
            self.supply.tick(self.at if self.clock_is_set else None, self.now)
            self.tell()

    def certify(self):
        self.certificates += 1
        self.certified_wh = self.certified_wh[1], self.watt_seconds // 3600
        self.supply.charge(*self.certified_wh)

    def tell(self):
        told = self.supply.event(self.at if self.clock_is_set else None, self.now)
        if told is not None:
            self.events.append((self.now // 1000, told[0], told[1]))
            self.supply.kept()

    def top_up(self, amount):
        self.account.add_credit(amount, self.account.top_up + 1)
        self.control.save()

    def states(self):
        return [details[1] for _, kind, details in self.events if kind == event.CREDIT]

    def contacts(self):
        return [details[1] for _, kind, details in self.events if kind == event.CONTACT]


def raises(kind, call, *arguments):
    try:
        call(*arguments)
    except kind:
        return True
    return False


def test_a_household_runs_out_and_comes_back_with_a_top_up():
    house = House(1000, Tariff(PRICE, low=200_000, emergency=100_000), credit=24 * PRICE)
    house.live(2 * DAY)
    assert house.states() == [LOW, EMERGENCY, EXHAUSTED]
    assert house.contacts() == [OPEN]
    assert 24 * PRICE + 100_000 <= 24 * PRICE - house.account.credit <= 24 * PRICE + 100_000 + PRICE // 4
    assert house.watt_seconds // 3600 in (24_500, 24_750)
    house.top_up(2 * PRICE)
    house.live(DAY)
    assert house.states() == [LOW, EMERGENCY, EXHAUSTED, OK, LOW, EMERGENCY, EXHAUSTED]
    assert house.contacts() == [OPEN, CLOSED, OPEN]


def test_coming_back_is_confirmed_by_contact_and_power():
    house = House(1000, Tariff(PRICE), credit=1)
    house.live(DAY)
    house.top_up(10 * PRICE)
    house.live(600, 1)
    kind, details = house.events[-1][1:]
    assert (kind, details) == (event.CONTACT, {1: CLOSED, 2: 1000, 3: ""})
    house.board.relay.stuck = True
    house.account.set_credit(0, 9)
    house.live(60, 1)
    assert house.events[-1][2] == {1: FAULT, 2: 1000, 3: "open for want of credit"}


def test_what_is_certified_is_what_is_charged_to_the_last_micro_token():
    house = House(737, Tariff(333_333), credit=1 << 40)
    for day in range(28):
        house.live(DAY + QUARTER // 3)
        if day % 3:
            house.start()
    assert (1 << 40) - house.account.credit == 333_333 * house.certified_wh[1] // 1000
    assert house.certified_wh[1] > 737 * 24 * 27


def test_nobody_is_cut_off_in_friendly_hours():
    nights = Tariff(PRICE, friendly=[(127, 18 * 3600, 6 * 3600)])
    house = House(1000, nights, credit=20 * PRICE)
    house.live(7 * DAY)
    hours = [(seconds // 3600 % 24, details[1]) for seconds, kind, details in house.events if kind == event.CONTACT]
    assert house.states()[0] == FRIENDLY
    assert hours[:3] == [(6, OPEN), (18, CLOSED), (6, OPEN)]
    assert {condition for _, condition in hours} == {OPEN, CLOSED}
    assert {hour for hour, condition in hours if condition == OPEN} == {6}


def test_friendly_hours_are_the_islands_own():
    nights = Tariff(PRICE, friendly=[(127, 18 * 3600, 6 * 3600)])
    for offset_min, opens, closes in ((660, 19, 7), (-570, 15, 3), (0, 6, 18)):
        house = House(1000, nights, credit=20 * PRICE, utc_offset_min=offset_min)
        house.live(DAY)
        house.events = []
        house.live(3 * DAY)
        hours = {(seconds // 3600 % 24, details[1]) for seconds, kind, details in house.events if kind == event.CONTACT}
        assert hours == {(opens, OPEN), (closes, CLOSED)}, offset_min


def test_an_hour_that_nobody_knows_is_not_friendly():
    house = House(1000, Tariff(PRICE, friendly=[(127, 0, 86400)]), credit=1)
    house.live(3600)
    assert house.states() == [FRIENDLY]
    house.clock_is_set = False
    house.live(3600)
    assert (house.states(), house.contacts()) == ([FRIENDLY, EXHAUSTED], [OPEN])


def test_less_may_be_drawn_before_the_supply_is_cut():
    house = House(1000, Tariff(PRICE, emergency=100 * PRICE, reduced_w=500), credit=PRICE)
    house.live(3600, 1)
    assert house.contacts() == []
    house.live(100, 1)
    assert (house.states(), house.contacts()) == ([EMERGENCY], [OPEN])
    house.w = 400
    house.live(DAY, 10)
    assert house.contacts() == [OPEN, CLOSED]


def test_too_much_load_opens_the_contact_for_a_while():
    house = House(2500)
    house.control.limit = 2000, 30
    house.live(29, 1)
    assert house.board.relay.is_closed
    house.live(5, 1)
    assert not house.board.relay.is_closed
    assert house.events[-1][2] == {1: OPEN, 2: 0, 3: "open for too much load"}
    house.w = 1900
    house.live((FIRST_MS + STAGGER_MS) // 1000, 1)
    assert house.contacts() == [OPEN, CLOSED]
    house.live(3600, 1)
    assert house.contacts() == [OPEN, CLOSED]


def test_houses_come_back_one_after_the_other():
    moments = set()
    for number in range(60):
        house = House(1000, Tariff(PRICE), credit=1, meter=f"home-{number}")
        house.live(1800)
        assert not house.board.relay.is_closed
        topped_up = house.now
        house.top_up(PRICE)
        while not house.board.relay.is_closed:
            house.live(1, 1)
        moments.add(house.now - topped_up)
    assert max(moments) <= STAGGER_MS + 1000
    assert len(moments) > 40
    assert max(moments) - min(moments) > STAGGER_MS * 3 // 4


def test_and_so_after_a_blackout_where_contacts_fall_open():
    house = House(1000)
    house.live(60, 1)
    house.board.relay.is_closed = False
    house.start()
    house.live(1, 1)
    assert not house.board.relay.is_closed
    house.live(STAGGER_MS // 1000, 1)
    assert house.board.relay.is_closed


def test_what_was_told_is_not_told_again_after_a_restart():
    house = House(1000, Tariff(PRICE, low=10 * PRICE), credit=PRICE)
    house.live(DAY)
    told = len(house.events)
    assert told == 3
    for _ in range(3):
        house.start()
        house.live(3600)
    assert len(house.events) == told


def test_the_power_may_be_cut_at_any_flash_write():
    for cut in range(40):
        house = House(1000, Tariff(PRICE, low=3 * PRICE), credit=5 * PRICE)
        for _ in range(3):
            house.board.files.fail_after = cut
            assert raises(OSError, house.live, DAY // 4) or cut > 3
            house.board.files.fail_after = None
            house.start()
        house.live(DAY // 2)
        assert 5 * PRICE - house.account.credit == PRICE * house.certified_wh[1] // 1000, cut
        assert sorted(set(house.states())) == [LOW, EXHAUSTED], cut
        assert not house.board.relay.is_closed
