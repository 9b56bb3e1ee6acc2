"""Read plans: what is asked for together, and what a hole costs on which line."""

from firmware.meter.config import Bus
from firmware.meter.read_plan import Cost, Image, cost_on, plan
from firmware.wire import modbus

SLOW, FAST, TCP = Bus("rtu", baud=9600), Bus("rtu", baud=115200), Bus("tcp")
# a request costs as much as ten registers
TEN = Cost(100, 10)


def test_neighbours_are_read_together_in_any_order():
    assert plan([(4, 2), (0, 1), (6, 2), (1, 1)], TEN, 125, False) == [(0, 2), (4, 4)]


def test_a_hole_is_bridged_when_it_is_cheaper_than_a_request():
    assert plan([(0, 2), (11, 2)], TEN, 125, True) == [(0, 13)]
    assert plan([(0, 2), (13, 2)], TEN, 125, True) == [(0, 2), (13, 2)]


def test_a_hole_is_left_where_the_device_has_no_registers():
    assert plan([(0, 2), (3, 2)], TEN, 125, False) == [(0, 2), (3, 2)]


def test_no_request_is_longer_than_the_device_allows():
    spans = [(4 * index, 4) for index in range(40)]
    assert plan(spans, TEN, 125, True) == [(0, 36), (36, 124)]
    assert plan([(0, 60), (60, 60), (120, 5)], TEN, 125, True) == [(0, 125)]
    assert plan([(0, 60), (60, 60), (120, 6)], TEN, 125, True) == [(0, 60), (60, 66)]
    assert plan(spans[:8], TEN, 11, True) == [(0, 8), (8, 8), (16, 8), (24, 8)]


def test_the_whole_is_cheapest_not_every_step():
    # whoever bridges the first hole, because it can, reads three registers for nothing instead of two
    assert plan([(0, 4), (7, 4), (13, 4)], TEN, 11, True) == [(0, 4), (7, 10)]


def test_spans_may_overlap():
    assert plan([(0, 10), (2, 2), (8, 4)], TEN, 125, False) == [(0, 12)]


def test_what_a_request_costs_on_a_line():
    assert cost_on(SLOW).register_us == 2292
    assert cost_on(FAST).register_us == 191
    assert cost_on(SLOW).request_us > modbus.exchange_us(9600, 0)


def test_holes_that_each_line_bridges():
    for bus, bridged, left in ((SLOW, 12, 13), (FAST, 50, 60), (TCP, 120, 123)):
        assert len(plan([(0, 1), (1 + bridged, 1)], cost_on(bus), 125, True)) == 1, bus.kind
        assert len(plan([(0, 1), (1 + left, 2)], cost_on(bus), 125, True)) == 2, bus.kind


def test_an_image_gives_the_registers_of_any_request():
    image = Image()
    image.add(10, (1, 2, 3))
    image.add(40, (4, 5))
    assert image.span(11, 2) == (2, 3)
    assert image.span(40, 1) == (4,)
    for address, count in ((12, 2), (9, 1), (20, 1)):
        try:
            image.span(address, count)
        except KeyError:
            continue
        raise AssertionError(address)
