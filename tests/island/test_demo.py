import json
import re

from .conftest import Run, skerry

LINE = re.compile(
    r"^\d\d:\d\d:\d\d  settled 5 s  \d+ Wh  traded \d+ Wh  (no price yet|price 0\.\d{4}  mu \d\.\d\d)", re.MULTILINE
)


def test_nothing_is_lost_or_counted_twice(calm: Run) -> None:
    figures = calm.figures
    assert calm.status == 0, calm.output
    assert (figures["lost"], figures["double_counted"], figures["debt_at_end"], figures["faults"]) == (0, 0, 0, [])
    assert figures["certificates_issued"] == figures["receipted"] >= 11 * 5


def test_energy_is_the_same_for_plant_meters_and_settlement(calm: Run) -> None:
    figures = calm.figures
    assert figures["plant_wh"] == figures["certified_wh"] == figures["settled_wh"] > 0
    assert figures["feeder_plant_wh"] == figures["feeder_certified_wh"]
    assert figures["energy_error_wh"] == 0
    assert {one["meter"] for one in figures["per_meter"] if one["plant_wh"] == 0} == set()
    # the feeder meter closes the balance within the rounding of eleven registers and the modelled losses
    assert abs(figures["unexplained_wh"]) <= 11


def test_energy_is_traded_and_money_balances(calm: Run) -> None:
    figures = calm.figures
    assert figures["traded_wh"] > 0
    assert figures["balance_error"] == 0
    assert figures["settled_intervals"] >= 5
    balances = {one["meter"]: one["balance"] for one in figures["per_meter"]}
    assert balances["pile"] < 500_000_000 < balances["wind-1"]


def test_first_settlement_within_a_minute(calm: Run) -> None:
    assert 0 < calm.figures["first_settlement_s"] < 60


def test_one_line_a_settled_interval_and_the_dashboards_address(calm: Run) -> None:
    # the last one may come while all is stopping
    assert calm.figures["settled_intervals"] - len(LINE.findall(calm.output)) in (0, 1)
    assert "http://127.0.0.1:" in calm.output
    assert "Traceback" not in calm.output


def test_the_ledger_verifies_without_gateway(calm: Run) -> None:
    assert not (calm.directory / "site" / "gateway.json").exists()
    assert calm.figures["ledger_verified"] is True
    done = skerry("ledger", "verify", calm.ledger, "--json")
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)
    assert findings["certificates"] == calm.figures["receipted"]
    assert (findings["blocks"], findings["settlements"]) == (calm.figures["blocks"], calm.figures["settled_intervals"])


def test_the_customers_statement_ends_at_the_balance(calm: Run) -> None:
    done = skerry("statement", "home-1", "--ledger", calm.ledger, "--json")
    assert done.returncode == 0, done.stderr
    lines = json.loads(done.stdout)
    [home] = [one for one in calm.figures["per_meter"] if one["meter"] == "home-1"]
    assert sum(line["amount"] for line in lines) == lines[-1]["balance"] == home["balance"]


def test_secrets_stay_where_they_belong(calm: Run) -> None:
    configs = list((calm.directory / "meters").glob("*.json"))
    assert len(configs) == 11
    assert {path.stat().st_mode & 0o777 for path in configs} == {0o600}
    logs = "".join(path.read_text(errors="replace") for path in (calm.directory / "logs").iterdir()) + calm.output
    assert {frozenset(json.loads(path.read_text())["mqtt"]) for path in configs} == {frozenset(("host", "port", "tls"))}
    keys = calm.directory / "site" / "keys"
    assert {path.stat().st_mode & 0o777 for path in keys.rglob("*.pem")} == {0o600}
    applications = [json.loads(path.read_text()) for path in (calm.directory / "site" / "enrol" / "done").glob("*.json")]
    secrets = [one["token"].rpartition(".")[2] for one in applications if "token" in one]
    assert len(secrets) == 11
    assert [secret for secret in (*secrets, "PRIVATE KEY") if secret in logs] == []
