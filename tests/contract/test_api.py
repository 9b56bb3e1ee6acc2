"""The REST API over loopback: what it describes is what it does, for every role, whatever is asked of it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from blockchain_iface.bundle import Bundle
from blockchain_iface.document import read
from blockchain_iface.signatures import Verifier
from firmware.wire import cose, receipt
from gateway.core import attempts
from gateway.core.api_key import Role
from tests.api_server import ApiServer
from tests.virtual_meter import CENTRE, SITE

API = "/api/v1"
PLACES = {
    "{key}": "nobody",
    "{name}": "00000000000000000001-00000000",
    "{meter}": "wind-1",
    "{number}": "2",
    "{index}": "1",
    "{height}": "1",
    "{t0}": "1800000000",
    "{account}": "home-1",
}


# what words say, and what an archive holds, no schema tells
FUZZ = """
[[operations]]
include-path = ["/commands", "/meters/{meter}/update"]
[operations.checks.positive_data_acceptance]
expected-statuses = ["202", "401", "403", "404", "409", "422"]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with ApiServer(tmp_path_factory.mktemp("api") / "site").running() as server:
        yield server


def test_every_route_takes_its_role_and_no_lower_one(server: ApiServer) -> None:
    document = server.client(Role.VIEWER).get(f"{API}/openapi.json").json()
    routes = [
        (method, path, Role(operation["x-role"]))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    assert {role for _, _, role in routes} >= {Role.VIEWER, Role.ADMINISTRATOR}
    for method, path, needed in routes:
        for place, name in PLACES.items():
            path = path.replace(place, name)  # noqa: PLW2901 - filled in step by step
        for role in (None, *Role):
            status = server.client(role).request(method, API + path).status_code
            expected = 401 if role is None else None if role.covers(needed) else 403
            assert (status == expected) if expected else (status not in {401, 403}), (method, path, role, status)


def test_a_certificate_comes_with_the_receipt_that_proves_it(server: ApiServer) -> None:
    client = server.client(Role.VIEWER)
    listed = client.get(f"{API}/meters/wind-1/certificates", params={"limit": 2}).json()
    assert ([one["number"] for one in listed["items"]], listed["next"]) == ([1, 2], 2)
    assert [one["number"] for one in client.get(f"{API}/meters/wind-1/certificates", params={"after": 2}).json()["items"]] == [
        3
    ]
    certificate = client.get(f"{API}/meters/wind-1/certificates/2").json()
    data = bytes.fromhex(certificate["entry"]["data"])
    receipt.Verifier(SITE, CENTRE.public).check(bytes.fromhex(certificate["receipt"]), data)
    assert certificate["entry"]["body"]["seq"] == 2
    proof = client.get(f"{API}/ledger/entries/{certificate['entry']['index']}/proof")
    assert read(proof.content, (Bundle,)).check(Verifier()).statement.id == cose.parse(data).id
    assert client.get(f"{API}/meters/wind-1/certificates/4").status_code == 404


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/ledger/entries", "index"),
        ("/ledger/blocks", "height"),
        ("/meters/home-1/certificates", "number"),
        ("/accounts", "account"),
        ("/keys", "name"),
    ],
)
def test_lists_are_paged_to_their_end(server: ApiServer, path: str, field: str) -> None:
    client, found = server.client(Role.ADMINISTRATOR), []
    whole = [one[field] for one in client.get(API + path, params={"limit": 1000}).json()["items"]]
    query = {"limit": 2}
    while True:
        page = client.get(API + path, params=query).json()
        assert len(page["items"]) <= 2
        found += [one[field] for one in page["items"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert found == whole == sorted(whole)
    assert len(whole) > 2
    assert client.get(API + path, params={"limit": 1001}).status_code == 422


def test_figures_are_the_ledgers(server: ApiServer) -> None:
    client, state = server.client(Role.VIEWER), server.island.ledger.state
    assert client.get(f"{API}/accounts/home-1").json()["balance"] == state.balance("home-1")
    assert client.get(f"{API}/accounts", params={"limit": 1}).json()["items"][0]["account"] == "@grid"
    settled = client.get(f"{API}/settlements").json()["items"]
    assert [one["traded_wh"] for one in settled] == [state.intervals[one["t0"]].traded_wh for one in settled]
    assert len(settled) == 3
    assert client.get(f"{API}/meters/wind-1").json()["owed"] == 1


def test_errors_are_problem_details(server: ApiServer) -> None:
    client = server.client(Role.VIEWER)
    for path, status in (("/nothing", 404), ("/meters/NONE", 422), ("/meters/none", 404), ("/keys", 403)):
        answer = client.get(API + path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert (answer.json()["status"], bool(answer.json()["detail"])) == (status, True)
    answer = client.put(f"{API}/keys")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_a_key_is_shown_once_and_ends_at_once(server: ApiServer) -> None:
    admin = server.client(Role.ADMINISTRATOR)
    made = admin.post(f"{API}/keys", json={"name": "eve", "role": "viewer"}).json()
    eve = {"authorization": f"Bearer {made['key']}"}
    assert server.client().get(f"{API}/site", headers=eve).json()["site"] == SITE
    assert admin.post(f"{API}/keys", json={"name": "eve", "role": "viewer"}).status_code == 409
    assert made["key"] not in admin.get(f"{API}/keys").text + (server.site.keys / "api.json").read_text()
    assert admin.delete(f"{API}/keys/eve").status_code == 204
    assert server.client().get(f"{API}/site", headers=eve).status_code == 401


def test_nothing_that_is_asked_breaks_it_or_its_promises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """schemathesis, with all of its checks; the limit of wrong keys has tests of its own."""
    monkeypatch.setattr(attempts, "BURST", 1 << 40)
    (tmp_path / "schemathesis.toml").write_text(FUZZ)
    with ApiServer(tmp_path / "site").running() as server:
        fuzz = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.address}{API}/openapi.json"]
        options = ["--checks", "all", "--max-examples", "6", "--generation-deterministic", "--no-color"]
        key = ["-H", f"Authorization: Bearer {server.keys[Role.ADMINISTRATOR]}"]
        ran = subprocess.run([*fuzz, *options, *key], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stdout
