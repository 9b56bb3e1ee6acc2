"""The application's size, as frozen or copied to a board's flash."""

from tools import mpy

LIMIT = 200 * 1024


def test_the_application_fits_its_share_of_the_flash() -> None:
    application = mpy.application()
    assert sum(map(len, application.values())) <= LIMIT
    assert all(code.startswith(b"M\x06") for code in application.values())
