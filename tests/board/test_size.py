"""The application's size, as frozen or copied to a board's flash."""

from tools import mpy

LIMIT = 200 * 1024


def test_the_application_fits_its_share_of_the_flash() -> None:
    code = [content for path, content in mpy.application().items() if path.suffix == ".mpy"]
    assert all(content.startswith(b"M\x06") for content in code)
    assert 20 * 1024 < sum(map(len, code)) <= LIMIT
