"""The complete meter with three devices, as it ships, in 256 KB of heap; the full length is `python -m tools.soak 10000`."""

from tools.soak.run import soak

CERTIFICATES = 1600  # fewer leave too few calm moments for a slope that a busy computer does not bend
GROWTH = 8_000  # bytes per 1,000 certificates: a quarter of one small object for each


def test_the_meter_lives_on_in_its_heap() -> None:
    course = soak(CERTIFICATES)
    assert course.certificates >= CERTIFICATES
    assert course.outages > 5
    assert course.debt > CERTIFICATES // 8
    assert course.growth < GROWTH
