"""An ESP32's main.py and the boot selector, on a LittleFS as the board's. ``test_hal_esp32.py`` starts it."""
# mypy: ignore-errors

import os
import sys

import vfs
from esp32_fakes import WATCHDOGS, Module, Ram


def read(path):
    with open(path) as file:
        return file.read()


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


PROGRAM, SELECTOR = read("firmware/main_esp32.py"), read("firmware/boot.py")
STARTED = []
sys.modules["started"] = STARTED
for _name in ("/firmware", "/slots"):
    _ram = Ram()
    vfs.VfsLfs2.mkfs(_ram)
    vfs.mount(vfs.VfsLfs2(_ram), _name)
os.chdir("/")
sys.modules["time"] = Module(sleep=STARTED.append)


def application(folder, name, end):
    """Put one into ``folder`` that notes ``name`` and what it was called with."""
    write(folder + "/__init__.py", "")
    write(
        folder + "/main.py",
        f"""
import sys
def main(arguments, folder):
    sys.modules["started"].append(("{name}", arguments, folder))
    {end}
""",
    )


def power_on():
    """What the chip does; the new entries in STARTED."""
    STARTED.clear()
    WATCHDOGS.clear()
    sys.path[:] = ["", ".frozen", "/lib"]
    for name in ("boot", "firmware", "firmware.main"):
        sys.modules.pop(name, None)
    try:
        exec(PROGRAM, {"__name__": "__main__"})  # noqa: S102 - as the chip does
    except SystemExit:
        return list(STARTED)
    raise AssertionError("MicroPython would not start again")


def record():
    import boot  # noqa: PLC0415 - as main.py found it

    return boot.Record("/slots")


def test_a_board_runs_what_it_came_with_then_a_trial_then_what_it_had_before():
    write("/firmware/boot.py", SELECTOR)
    application("/firmware", "factory", "return 75")
    assert power_on() == [("factory", ["/config.json"], "/slots"), 10]
    assert [watchdog.timeout for watchdog in WATCHDOGS] == [60_000]
    assert (record().boots, record().ended) == (1, "exit status 75")

    os.mkdir("/slots/a")
    os.mkdir("/slots/a/firmware")
    application("/slots/a/firmware", "a", "raise ValueError('no')")
    found = record()
    found.begin_trial("a", 2)
    found.save()
    assert power_on() == [("a", ["/config.json"], "/slots"), 10]
    assert (record().trial, record().result, record().told) == ("", "rolled back: ValueError: no", False)
    assert power_on()[0][0] == "factory"
    assert record().reason == "ValueError: no"

    application("/slots/a/firmware", "a", "return 0")
    found = record()
    found.begin_trial("a", 3)
    found.confirm()
    found.save()
    for boots in range(1, 8):
        assert power_on()[0][0] == "a"
        assert (record().boots, record().safe) == (boots, boots > 5)
