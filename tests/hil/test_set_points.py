"""What a client writes acts on the plant, over time; mbpoll and pysunspec2, which are not ours, write and read."""

import subprocess
from pathlib import Path
from typing import Any

from .conftest import billing_values, start_rig, sunspec_models, wait_for


def mbpoll_write(bus: dict[str, Any], address: int, value: int) -> subprocess.CompletedProcess[str]:
    where = ["-m", "tcp", "-p", str(bus["port"]), bus["host"]]
    what = ["-0", "-1", "-q", "-a", "1", "-t", "4", "-r", str(address)]
    return subprocess.run(["mbpoll", *what, *where, str(value)], capture_output=True, text=True, timeout=10, check=False)


def test_a_turbine_is_curtailed_and_says_so(tmp_path: Path) -> None:
    rig = start_rig(tmp_path, "--meters", "2", "--scenario", "stormy-day")
    try:
        for unit in rig.units.values():
            billing_values(unit)
        bus = rig.units["wind-1"]["bus"]
        wait_for(lambda: rig.last["units"]["wind-1"]["w"] < -15_000, "storm", 10)
        controls = sunspec_models(bus, 1)[123][0]
        assert (controls.WMaxLimPct.cvalue, controls.WMaxLim_Ena.cvalue) == (100, 0)
        base = controls.model_addr
        assert mbpoll_write(bus, base + 5, 30).returncode == 0
        assert mbpoll_write(bus, base + 9, 1).returncode == 0
        wait_for(lambda: rig.last["units"]["wind-1"]["w"] == -6_000, "30 % of 20 kW", 15)
        powers = [line["units"]["wind-1"]["w"] for line in rig.journal]
        assert any(-14_000 < power < -7_000 for power in powers[1:]), "it came in one step"
        controls = sunspec_models(bus, 1)[123][0]
        assert (controls.WMaxLimPct.cvalue, controls.WMaxLim_Ena.cvalue) == (30, 1)
        refused = mbpoll_write(bus, base + 5, 101)
        assert "Illegal data value" in refused.stderr
        # a power factor, the mark of SunSpec, the model's id: nothing else can be written
        for address in (base + 10, 40_000, 40_071):
            assert "Illegal data address" in mbpoll_write(bus, address, 1).stderr
    finally:
        rig.stop()
