"""The gate: by which name, from which page, with which key or session, and from where one gets in."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.access import login
from gateway.access.access import Access
from gateway.core import api_key, attempts
from gateway.core.api_key import Role
from gateway.core.attempts import Attempts
from gateway.core.sessions import LIFE_S, Sessions
from tests.api_server import ApiServer

# nothing is mounted here: who is let in finds nothing
IN = 404


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with ApiServer(tmp_path_factory.mktemp("near") / "site").running() as server:
        yield server


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """As one that listens beyond loopback."""
    with ApiServer(tmp_path_factory.mktemp("far") / "site", needs_key=True).running() as server:
        yield server


def get(server: ApiServer, path: str = "/", **headers: str) -> httpx.Response:
    return server.client().get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_this_machine_needs_no_key_to_look(near: ApiServer) -> None:
    assert get(near).status_code == IN


@pytest.mark.parametrize(
    "header", ["forwarded", "via", "x_forwarded_for", "x_forwarded_host", "x_forwarded_proto", "x_real_ip"]
)
def test_what_a_proxy_passed_on_is_not_from_this_machine(near: ApiServer, header: str) -> None:
    assert get(near, **{header: "127.0.0.1"}).status_code == 401


def test_a_proxy_that_says_nothing_speaks_an_old_http(near: ApiServer) -> None:
    with socket.create_connection(("127.0.0.1", httpx.URL(near.address).port or 0)) as wire:
        wire.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert wire.recv(1024).split()[1] == b"401"


def test_the_api_needs_a_key_on_this_machine_too(near: ApiServer) -> None:
    assert get(near, "/api/v1/site").status_code == 401
    assert get(near, "/api/v1/site", authorization=f"Basic {near.keys[Role.VIEWER]}").status_code == 401
    assert get(near, "/api/v1/site", authorization=f"bearer {near.keys[Role.VIEWER]}").status_code == 200


def test_where_others_can_reach_it_nobody_looks_without_a_key(far: ApiServer) -> None:
    assert get(far).status_code == 401
    sent_on = get(far, accept="text/html")
    assert (sent_on.status_code, sent_on.headers["location"]) == (303, login.PATH)
    assert get(far, authorization=f"Bearer {far.keys[Role.VIEWER]}").status_code == IN
    # a watchdog on this machine may ask how it is
    assert get(far, "/metrics").status_code == 200
    assert get(far, "/metrics", via="1.1 proxy").status_code == 401


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "[::2]", "[", ""])
def test_a_name_of_somebody_elses_is_none_of_ours(near: ApiServer, name: str) -> None:
    assert get(near, host=name).status_code == 421
    assert get(near, "/login", host=name).status_code == 421


@pytest.mark.parametrize(
    "name", ["localhost:8080", "127.0.0.1", "[::1]:80", "gateway.isle.example", "GATEWAY.isle.example:443"]
)
def test_our_own_names_are_ours_at_whatever_port(near: ApiServer, name: str) -> None:
    assert get(near, host=name).status_code == IN


def test_pages_of_other_sites_get_nothing(near: ApiServer) -> None:
    for stranger in ("https://evil.example", "null", "http://127.0.0.1:1", near.address.removeprefix("http://")):
        assert get(near, origin=stranger).status_code == 403
        assert near.client(Role.VIEWER).get("/api/v1/site", headers={"origin": stranger}).status_code == 403
    assert get(near, origin=near.address).status_code == IN


def test_a_page_of_another_site_opens_no_websocket(near: ApiServer, far: ApiServer) -> None:
    """Browsers ask no leave before one, and say where it comes from."""
    key = "MDEyMzQ1Njc4OWFiY2RlZg=="
    wish = {"connection": "upgrade", "upgrade": "websocket", "sec_websocket_version": "13", "sec_websocket_key": key}
    assert "another site" in get(near, origin="http://evil.example", **wish).text
    assert "Show a key" in get(far, origin=far.address, **wish).text
    # nothing is mounted here that takes one
    assert get(near, origin=near.address, **wish).content == b""


def test_every_answer_is_hardened(near: ApiServer) -> None:
    for answer in (get(near), get(near, host="evil.example"), near.client(Role.VIEWER).get("/api/v1/site")):
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert (answer.headers["x-content-type-options"], answer.headers["x-frame-options"]) == ("nosniff", "DENY")
    assert near.client(Role.VIEWER).get("/api/v1/site").headers["cache-control"] == "no-store"


def test_a_body_says_how_long_it_is_and_is_not_too_long(near: ApiServer) -> None:
    assert near.client(Role.ADMINISTRATOR).post("/api/v1/keys", content=iter([b"{}"])).status_code == 411
    with socket.create_connection(("127.0.0.1", httpx.URL(near.address).port or 0)) as wire:
        wire.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n")
        assert wire.recv(1024).startswith(b"HTTP/1.1 413")


def logged_in(server: ApiServer, key: str) -> httpx.Response:
    return server.client().post(login.PATH, data={"key": key}, headers={"origin": server.address})


def test_a_key_begins_a_session_that_ends_with_it(far: ApiServer) -> None:
    key = far.site.api_keys.add("dora", Role.VIEWER, 1)
    answer = logged_in(far, key)
    cookie = answer.headers["set-cookie"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert all(word in cookie for word in ("__Host-skerry=", "HttpOnly", "SameSite=strict", "Secure", "Path=/"))
    assert key not in cookie
    shown = cookie.partition(";")[0]
    assert get(far, cookie=shown).status_code == IN
    # the API takes no cookie, so no page can use somebody's session there
    assert get(far, "/api/v1/site", cookie=shown).status_code == 401
    far.site.api_keys.remove("dora")
    assert get(far, cookie=shown).status_code == 401


def test_who_logs_out_is_out(far: ApiServer) -> None:
    shown = logged_in(far, far.keys[Role.VIEWER]).headers["set-cookie"].partition(";")[0]
    left = far.client().post("/logout", headers={"cookie": shown, "origin": far.address})
    assert (left.status_code, left.headers["location"]) == (303, login.PATH)
    assert get(far, cookie=shown).status_code == 401


def test_a_wrong_key_begins_none(far: ApiServer) -> None:
    answer = logged_in(far, "skerry_" + "a" * 32)
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert "nobody" in answer.text


def test_wrong_keys_are_limited_and_logged_without_the_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ApiServer(tmp_path / "site").running() as server:
        wrong = {"authorization": "Bearer skerry_itisnobodyskey"}
        answers = [server.client().get("/api/v1/site", headers=wrong) for _ in range(attempts.BURST + 5)]
        assert [answer.status_code for answer in answers] == [401] * attempts.BURST + [429] * 5
        assert 1 <= int(answers[-1].headers["retry-after"]) <= attempts.AGAIN_S
        # a house behind one address is not locked out by one of its rooms
        assert server.client(Role.VIEWER).get("/api/v1/site").status_code == 200
    logged = capsys.readouterr().out
    assert logged.count("wrong key") == attempts.BURST
    assert "itisnobodyskey" not in logged


def test_attempts_are_forgiven_one_by_one_and_take_no_memory() -> None:
    some = Attempts()
    assert [some.fail("a", 0) for _ in range(attempts.BURST)] == [0] * attempts.BURST
    assert some.fail("a", 0) == attempts.AGAIN_S + 1
    assert some.fail("b", 0) == 0
    assert some.fail("a", attempts.AGAIN_S) == 0
    assert some.fail("a", attempts.AGAIN_S) > 0
    for number in range(3000):
        some.fail(str(number), 1e6)
    assert len(some._full_at) == 1000


def test_a_session_has_an_end() -> None:
    sessions = Sessions()
    sessions.begin("cookie", "digest", 100)
    assert sessions.key_of("cookie", 100 + LIFE_S - 1) == "digest"
    assert sessions.key_of("cookie", 100 + LIFE_S) is None
    assert sessions.key_of("cooki", 100) is None


def test_while_the_keys_are_damaged_nobody_is_let_in_and_the_log_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ApiServer(tmp_path / "site").running() as server:
        path = server.site.keys / "api.json"
        whole = path.read_bytes()
        path.write_bytes(whole[:-5])
        assert server.client(Role.VIEWER).get("/api/v1/site").status_code == 401
        path.write_bytes(whole)
        assert server.client(Role.VIEWER).get("/api/v1/site").status_code == 200
    assert f"{path} is damaged" in capsys.readouterr().out


def test_no_key_is_a_key(far: ApiServer) -> None:
    """Nothing that an empty or a fresh site could be asked with is somebody's."""
    keys = far.site.api_keys
    assert all(keys.holder(text) is None for text in ("", "admin", "skerry_", keys.all()[0].digest))
    text, kept = api_key.issue("x", Role.VIEWER, bytes(20), 1)
    assert (text, api_key.holder(text, [kept])) == ("skerry_" + "a" * 32, kept)
    assert Access(keys, (), True).by_session("") is None
