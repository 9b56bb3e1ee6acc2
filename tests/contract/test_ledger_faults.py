"""The fault table of engines that write by themselves: each step of a write failed, or failed but was carried out.

| what failed                    | in the same process                          | in the next one |
|--------------------------------|----------------------------------------------|-----------------|
| any step before the commit     | Unavailable; the ledger is as it was         | the same        |
| the commit                     | Unavailable; the ledger is as it was         | the same        |
| the commit, but it was done    | Unavailable; the batch is there, and whole   | the same        |

In every case: no head or receipt that was given out is ever contradicted, and submitting the same bytes again ends with
each entry on the ledger once. The table is after that of Sunlight, a transparency log in production.
"""

from pathlib import Path

import pytest

from blockchain_iface.engines.local import LocalLedger
from blockchain_iface.engines.memory import Step
from blockchain_iface.ledger import Unavailable
from blockchain_iface.state.happenings import Begun, Enrolled
from firmware.wire.signer import Signer
from tests.contract.engines import LOCAL, LocalEngine, check_heads, seen
from tests.virtual_meter import CENTRE, SITE, T0, VirtualMeter, enrolment_of, genesis


@pytest.fixture(params=LOCAL)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> LocalEngine:
    return LOCAL[request.param](tmp_path)


@pytest.mark.parametrize("is_reopened", [False, True], ids=["same process", "next process"])
@pytest.mark.parametrize("is_done", [False, True], ids=["failed", "failed but done"])
@pytest.mark.parametrize("step", Step, ids=lambda step: step.value)
def test_a_failed_write(engine: LocalEngine, step: Step, is_done: bool, is_reopened: bool) -> None:
    meter, ledger = VirtualMeter("home-1", 7), engine.open()
    for batch in ([genesis()], [enrolment_of(meter)], [meter.certify(1, 0)]):
        ledger.submit(batch, T0)
    before, batch = seen(ledger), [meter.certify(number, 0) for number in range(3)]

    with engine.failing(step, is_done), pytest.raises(Unavailable):
        ledger.submit(batch, T0 + 10)
    if is_reopened:
        ledger = engine.open()
    check_heads(ledger)
    if step is Step.COMMIT and is_done:
        assert [entry.data for entry in ledger.read(2, 10)] == batch
        assert seen(ledger)[2][:3] == before[2]
        assert ledger.state.chains["home-1"].contiguous == 4
    else:
        assert seen(ledger) == before
        assert ledger.state.chains["home-1"].contiguous == 1

    ledger.submit([*batch, meter.certify(9, 0)], T0 + 20)
    assert [entry.data for entry in ledger.read(2, 10)][:3] == batch
    assert [entry.index for entry in ledger.read(-1, 10)] == list(range(7))
    assert seen(ledger)[2][:3] == before[2]
    assert ledger.state.chains["home-1"].contiguous == 5
    check_heads(ledger)
    after = seen(ledger)
    assert seen(engine.open()) == after


@pytest.mark.parametrize("is_done", [False, True], ids=["failed", "failed but done"])
@pytest.mark.parametrize("step", Step, ids=lambda step: step.value)
def test_what_happened_is_told_when_it_has_and_once(engine: LocalEngine, step: Step, is_done: bool) -> None:
    meter, ledger = VirtualMeter("home-1", 7), engine.open()
    ledger.submit([genesis()], T0)
    assert ledger.happened() == [Begun(SITE)]
    with engine.failing(step, is_done), pytest.raises(Unavailable):
        ledger.submit([enrolment_of(meter)], T0)
    enrolled = [Enrolled("home-1", "load")]
    assert ledger.happened() == (enrolled if step is Step.COMMIT and is_done else [])
    ledger.submit([enrolment_of(meter)], T0)
    assert ledger.happened() == ([] if step is Step.COMMIT and is_done else enrolled)
    assert ledger.happened() == []


def test_a_disk_that_fails_for_long(engine: LocalEngine) -> None:
    meter, ledger = VirtualMeter("home-1", 7), engine.open()
    ledger.submit([genesis(), enrolment_of(meter)], T0)
    batches = [[meter.certify(number, 0)] for number in range(len(Step) * 2)]
    for batch, (step, is_done) in zip(batches, [(step, is_done) for step in Step for is_done in (False, True)], strict=True):
        with engine.failing(step, is_done), pytest.raises(Unavailable):
            ledger.submit(batch, T0)
    # only the last one, a commit that was done, has arrived
    assert [entry.data for entry in ledger.read(1, 100)] == batches[-1]
    for batch in batches:
        ledger.submit(batch, T0)
    assert ledger.state.chains["home-1"].contiguous == len(batches)
    check_heads(ledger)


class BrokenSigner(Signer):
    """The shadow centre's key in a device that does not answer."""

    def __init__(self) -> None:
        self.public, self.kid = CENTRE.public, CENTRE.kid

    def sign(self, digest: bytes) -> bytes:
        raise OSError(f"no answer to {len(digest)} bytes")


def test_a_key_that_does_not_sign_leaves_no_trace(engine: LocalEngine) -> None:
    meter, ledger = VirtualMeter("home-1", 7), engine.open()
    ledger.submit([genesis(), enrolment_of(meter)], T0)
    batch, before = [meter.certify(number, 0) for number in range(100)], seen(ledger)
    assert isinstance(ledger, LocalLedger)
    ledger._signer = BrokenSigner()
    with pytest.raises(OSError, match="no answer"):
        ledger.submit(batch, T0)
    ledger._signer = CENTRE
    assert seen(ledger) == before
    assert not ledger._tiles.draft()
    ledger.submit(batch[:1], T0)
    assert ledger.state.chains["home-1"].contiguous == 1
    check_heads(ledger)
    after = seen(ledger)
    assert seen(engine.open()) == after
