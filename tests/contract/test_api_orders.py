"""What people order over HTTP: it goes the inboxes' road, in their names, and they read what became of it."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from firmware.wire import cose, event
from gateway.core.api_key import Role
from tests.api_server import ApiServer
from tests.door_keys import DoorKey
from tests.virtual_meter import SITE, VirtualMeter

API = "/api/v1"
TOKEN = 1_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with ApiServer(tmp_path_factory.mktemp("orders") / "site").running() as server:
        for meter in ("home-1", "home-2"):
            server.site.token(meter, meter, "load", None)
        yield server


def actions(server: ApiServer) -> list[tuple[str, str, str, str]]:
    found = server.client(Role.VIEWER).get(f"{API}/audit").json()
    assert found["next"] is None
    return [(one["actor"], one["role"], one["verb"], one["subject"]) for one in found["items"]]


def test_a_recharge_is_followed_to_the_ledger(server: ApiServer) -> None:
    client, before = server.client(Role.OPERATOR), server.island.ledger.state.balance("home-1")
    ordered = client.post(f"{API}/recharges", json={"account": "home-1", "amount": 5 * TOKEN, "reference": "slip 1"})
    assert (ordered.status_code, ordered.json()["stage"], ordered.json()["by"]) == (202, "waiting", "the-operator")
    server.work()
    assert client.get(ordered.headers["location"]).json()["stage"] == "done"
    assert server.island.ledger.state.balance("home-1") - before == 5 * TOKEN
    again = client.post(f"{API}/recharges", json={"account": "home-2", "amount": TOKEN, "reference": "slip 1"})
    server.work()
    refused = client.get(again.headers["location"]).json()
    assert (refused["stage"], "slip 1" in refused["reason"]) == ("refused", True)
    assert actions(server)[-1] == ("the-operator", "operator", "recharge", "home-2")
    assert [one["name"] for one in client.get(f"{API}/orders").json()["items"]] == [ordered.json()["name"], refused["name"]]


def test_what_goes_wrong_here_is_a_problem_too(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    order = {"account": "home-1", "amount": TOKEN, "reference": "slip 9"}
    for error, status in ((OSError(28, "No space left on device"), 503), (ZeroDivisionError("a secret of ours"), 500)):
        monkeypatch.setattr("gateway.adapters.files.write_secret", _raising(error))
        # a connection of its own: uvicorn ends it after a defect
        headers = {"authorization": f"Bearer {server.keys[Role.OPERATOR]}"}
        answer = httpx.post(f"{server.address}{API}/recharges", json=order, headers=headers)
        assert (answer.status_code, answer.json()["status"], "secret" in answer.text) == (status, status, False)


def _raising(error: Exception) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_paying_out_is_the_administrators(server: ApiServer) -> None:
    order = {"account": "home-1", "amount": TOKEN, "reference": "slip 2"}
    assert server.client(Role.OPERATOR).post(f"{API}/recoveries", json=order).status_code == 403
    paid = server.client(Role.ADMINISTRATOR).post(f"{API}/recoveries", json=order)
    server.work()
    assert server.client(Role.VIEWER).get(paid.headers["location"]).json()["stage"] == "done"
    assert actions(server)[-1] == ("the-administrator", "administrator", "recover", "home-1")


def test_a_command_is_followed_to_the_meters_signed_answer(server: ApiServer) -> None:
    client = server.client(Role.OPERATOR)
    ordered = client.post(f"{API}/commands", json={"meter": "home-1", "words": ["relay", "close"], "valid_s": 60})
    place = ordered.headers["location"]
    server.work()
    assert client.get(place).json()["stage"] == "sent"
    assert server.centre is not None
    ((_, data),) = list(server.centre.dispatch.due(ordered.json()["at"]))
    told = server.island.home.record(event.COMMAND, details={1: cose.parse(data).id, 2: 0, 3: 1, 4: 7, 5: ""})
    server.centre.dispatch.take_event("home-1", cose.parse(told), None)
    server.inboxes.end_commands()
    done = client.get(place).json()
    assert (done["stage"], done["outcome"]["result"], done["outcome"]["contact"]) == ("done", "done", "closed")
    assert actions(server)[-1] == ("the-operator", "operator", "command", "home-1")
    for body, status in (
        ({"meter": "home-1", "words": ["relay", "ajar"]}, 422),
        ({"meter": "home-9", "words": ["relay", "open"]}, 409),
        ({"meter": "home-1", "words": ["relay", "open"], "by": "somebody else"}, 422),
    ):
        assert client.post(f"{API}/commands", json=body).status_code == status


def test_a_second_person_approves_over_http(server: ApiServer) -> None:
    first, second = server.client(Role.OPERATOR), server.client(Role.ADMINISTRATOR)
    ordered = [
        first.post(f"{API}/commands", json={"meter": meter, "words": ["relay", "open"]}) for meter in ("home-1", "home-2")
    ]
    server.work()
    assert [first.get(order.headers["location"]).json()["stage"] for order in ordered] == ["sent", "held"]
    held = ordered[1].headers["location"]
    assert server.client(Role.VIEWER).post(f"{held}/approval").status_code == 403
    own = first.post(f"{held}/approval")
    server.work()
    assert "a second person" in first.get(own.headers["location"]).json()["reason"]
    assert second.post(f"{held}/approval").status_code == 202
    server.work()
    approved = first.get(held).json()
    assert (approved["stage"], approved["by"], approved["approved_by"]) == ("sent", "the-operator", "the-administrator")
    assert actions(server)[-1] == ("the-administrator", "administrator", "approve", approved["name"])
    assert second.post(f"{held}/approval").status_code == 409


def test_a_meter_is_enrolled_over_http(server: ApiServer) -> None:
    client, wind = server.client(Role.OPERATOR), VirtualMeter("wind-9", 99)
    token = client.post(f"{API}/tokens", json={"meter": "wind-9", "name": "Wind 9", "role": "wind"}).json()
    assert (token["expires_in"], token["token"].split(".")[:2]) == (900, [SITE, "wind-9"])
    identity = DoorKey("wind-9").identity(wind)
    applied = client.post(f"{API}/applications", json={"identity": identity, "token": token["token"]})
    assert (applied.status_code, client.get(applied.headers["location"]).json()["stage"]) == (202, "waiting")
    server.work()
    enrolled = client.get(applied.headers["location"]).json()
    assert (enrolled["stage"], enrolled["answer"]["meter"]) == ("enrolled", "wind-9")
    assert server.island.ledger.state.meters["wind-9"].public == wind.signer.public
    client.post(f"{API}/applications", json={"identity": identity, "token": token["token"]})
    server.work()
    refused = client.get(applied.headers["location"]).json()
    assert (refused["stage"], "has been used" in refused["reason"]) == ("refused", True)
    assert [action[2] for action in actions(server)[-3:]] == ["token", "enrol", "enrol"]


def test_an_update_is_an_archive_for_a_meter_of_ours(server: ApiServer) -> None:
    admin = server.client(Role.ADMINISTRATOR)
    kind = {"content-type": "application/octet-stream"}
    assert admin.put(f"{API}/meters/home-1/update", content=b"no archive", headers=kind).status_code == 422
    assert admin.put(f"{API}/meters/home-1/update", content=b"{}").status_code == 415
    assert admin.get(f"{API}/meters/home-1/update").status_code == 404


def test_people_are_written_down_in_somebodys_name(server: ApiServer) -> None:
    client, place = server.client(Role.OPERATOR), f"{API}/registry/contacts/ida"
    ida = {"contact": "ida", "name": "Ida", "phone": "+45 20 12 34 56", "mail": None, "meters": ["home-1"]}
    assert client.put(place, json=ida).json() == client.get(place).json() == ida
    assert server.client(Role.VIEWER).get(place).status_code == 403
    assert (
        client.put(place, json={**ida, "meters": ["home-77"]}).json()["detail"]
        == "meters: home-77 is no meter of this registry"
    )
    assert client.put(f"{API}/registry/contacts/eve", json=ida).status_code == 409
    assert client.put(place, json={**ida, "phone": "call me"}).status_code == 422
    tariff = {"tariff": "basic", "name": "Basic", "valid_from": "2026-01-01", "meters": ["home-1"], "prices": {"feed_in": 1}}
    assert "the ledger's is" in client.put(f"{API}/registry/tariffs/basic", json=tariff).json()["detail"]
    assert client.delete(place).status_code == 204
    assert client.get(f"{API}/registry/contacts").json()["items"] == []
    assert (
        client.put(f"{API}/registry/units/home-1", json={"meter": "home-1", "name": "Home", "role": "load"}).status_code == 200
    )
    server.work()
    assert actions(server)[-3:] == [("the-operator", "operator", "registry-edit", who) for who in ("ida", "ida", "home-1")]
    assert server.inboxes.names["home-1"] == "Home"


def test_a_key_is_given_in_somebodys_name(server: ApiServer) -> None:
    admin = server.client(Role.ADMINISTRATOR)
    assert admin.post(f"{API}/keys", json={"name": "eve", "role": "operator"}).status_code == 201
    assert admin.delete(f"{API}/keys/eve").status_code == 204
    server.work()
    administrator = ("the-administrator", "administrator")
    assert actions(server)[-2:] == [(*administrator, "key-add", "eve"), (*administrator, "key-remove", "eve")]
