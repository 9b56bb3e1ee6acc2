"""The dashboard as others than this machine reach it, in headless Chromium: TLS, a key, a session that ends with it."""

import json
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from gateway.access.login import COOKIE
from gateway.core.api_key import Role
from gateway.site import Site, now
from tests.browser.test_dashboard import QUIET, ROOT
from tests.chromium import chromium

# as if 127.0.0.1 were an address that others reach
PROGRAM = """
import pathlib, sys
from gateway import web
from tests.browser.scripted import main
web.is_loopback = lambda host: False
main(0, pathlib.Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site(tmp_path_factory.mktemp("login") / "script")
    site.create("isle", 10, 30)
    site.door.renew_web(["127.0.0.1"], now())
    return site


@pytest.fixture(scope="module")
def url(site: Site) -> Iterator[str]:
    script = site.root.with_suffix(".json")
    script.write_text(json.dumps(QUIET))
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(script)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.terminate()
    assert process.wait(timeout=10) == 0


def test_a_key_opens_the_page_until_it_is_taken_away(site: Site, url: str, browser: Browser) -> None:
    # that the certificate is good the next test sees; Chromium asks its own store of authorities alone
    context = browser.new_context(ignore_https_errors=True)
    page, closed = context.new_page(), []
    page.on("websocket", lambda socket: socket.on("close", lambda _: closed.append(True)))
    page.goto(url)
    expect(page).to_have_url(f"{url}login")
    page.get_by_label("Your key").fill("skerry_" + "a" * 32)
    page.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_have_text("This is nobody's key.")
    page.get_by_label("Your key").fill(site.api_keys.add("dora", Role.VIEWER, 1))
    page.get_by_role("button").click()
    expect(page.get_by_test_id("site")).to_have_text("isle", timeout=10_000)
    (cookie,) = context.cookies()
    kept = [cookie.get(field) for field in ("name", "httpOnly", "secure", "sameSite", "path")]
    assert kept == [COOKIE, True, True, "Strict", "/"]
    assert closed == []
    site.api_keys.remove("dora")
    # with its next sign of life, which the page gives every few seconds
    for _ in range(150):
        if not closed:
            page.wait_for_timeout(100)
    assert closed
    page.goto(url)
    expect(page).to_have_url(f"{url}login")
    context.close()


def test_the_sites_own_authority_vouches_for_the_page(site: Site, url: str) -> None:
    trusted = ssl.create_default_context(cafile=site.door.ca)
    with urllib.request.urlopen(f"{url}login", context=trusted, timeout=5) as answer:  # noqa: S310 - our own
        assert b"Your key" in answer.read()
    assert url.startswith("https://127.0.0.1:")
