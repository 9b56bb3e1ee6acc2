"""The core of an update: what is refused, what is asked for, what is believed, and how it goes on after a power cut."""

import hashlib

from firmware import boot
from firmware.meter import update
from firmware.wire import cose, es256, manifest
from firmware.wire.fields import WireError
from firmware.wire.steps import finish

GATEWAY = es256.SoftwareSigner(bytes(31) + b"\x05")
STRANGER = es256.SoftwareSigner(bytes(31) + b"\x06")
FILES = {"firmware/__init__.py": b"", "firmware/main.py": b"m" * 2500, "firmware/maps/a.json": b"{}"}


def listed(files):
    """The list of ``files``."""
    lines = [manifest.File(path, len(files[path]), hashlib.sha256(files[path]).digest()).line() for path in sorted(files)]
    return b"".join(lines)


class Slot:
    """A slot in a dict."""

    name = "b"

    def __init__(self):
        self.kept = {}
        self.begun = None

    def begin(self, data):
        self.kept, self.begun = {}, data

    def forget(self):
        self.begun = None

    def manifest(self):
        return self.begun

    def size(self, path):
        return len(self.kept[path]) if path in self.kept else -1

    def append(self, path, data):
        self.kept[path] = self.kept.get(path, b"") + data

    def read(self, path, start, size):
        return self.kept[path][start : start + size]

    def discard(self, path):
        self.kept.pop(path, None)

    def sha256(self, path):
        return hashlib.sha256(self.kept[path]).digest()


class Record(boot.Record):
    saved = 0

    def save(self):
        self.saved += 1


def signed(version=2, target="unix", site="isle", signer=GATEWAY, lines=None):
    lines = lines or listed(FILES)
    content = manifest.Manifest(version, target, len(lines), hashlib.sha256(lines).digest(), 1_800_000_000)
    return manifest.sign(signer, site, content)


class Bench:
    """A meter's update and the gateway that serves it."""

    def __init__(self, slot=None, **record):
        self.record = Record("/nowhere")
        for key, value in record.items():
            setattr(self.record, key, value)
        self.slot = slot or Slot()
        self.reports = []
        self.asked = []
        self.now = 0
        trust = "isle", "unix", GATEWAY.public
        self.update = update.Update(self.record, self.slot, trust, 1, lambda *report: self.reports.append(report))
        finish(self.update.resume_steps())

    def offer(self, data):
        finish(self.update.offer_steps(data))

    def serve(self, most=100, files=FILES, lines=None):
        """Take steps, and answer what is asked for; stop after ``most`` steps or when nothing is to be done."""
        lines = listed(FILES) if lines is None else lines
        for _ in range(most):
            asked = self.update.step(self.now)
            if asked is None:
                if self.update.state != update.FETCHING:
                    return
                continue
            version, index, offset = manifest.parse_want(asked)
            self.asked.append((index, offset))
            content = files[sorted(files)[index - 1]] if index else lines
            piece = content[offset : offset + manifest.CHUNK]
            self.update.take_chunk(manifest.chunk(version, index, offset, piece), self.now)


def test_an_offer_is_fetched_verified_and_put_on_trial():
    bench = Bench()
    bench.offer(signed())
    bench.serve()
    assert bench.asked == [(0, 0), (2, 0), (2, 1024), (2, 2048), (3, 0)]
    assert bench.slot.kept.pop("list") == listed(FILES)
    assert (bench.slot.kept, bench.update.state) == (FILES, update.VERIFIED)
    bench.update.activate()
    record = bench.record
    assert (record.slot, record.trial, record.version, record.saved) == ("", "b", 2, 1)
    assert record.ended == "update to version 2"
    assert bench.reports == [(2, "accepted")]


def test_wrong_signature_older_version_and_other_target_are_refused_and_reported():
    for wrong, words in (
        (signed(signer=STRANGER), "signature"),
        (signed(site="reef"), "signature"),
        (signed(version=1), "not above version 1"),
        (signed(target="esp32"), "for esp32, and this is unix"),
        (signed()[:-1], "CBOR"),
        (signed()[:-1] + b"\x01", "signature"),
    ):
        bench = Bench()
        bench.offer(wrong)
        assert words in bench.reports[0][1]
        assert bench.reports[0][0] == (0 if words in ("signature", "CBOR") else manifest.decode(cose.parse(wrong)).version)
        assert bench.reports[0][1].startswith("refused: ")
        assert (bench.update.state, bench.slot.begun, len(bench.reports)) == (update.IDLE, None, 1)


def test_what_was_rolled_back_or_comes_during_a_trial_is_refused():
    for record, version, state in (
        ({"floor": 2}, 2, update.IDLE),
        ({"floor": 2}, 3, update.FETCHING),
        ({"trial": "b", "version": 2}, 3, update.IDLE),
    ):
        bench = Bench(**record)
        bench.offer(signed(version))
        assert bench.update.state == state


def test_the_same_offer_again_is_no_news_and_a_newer_one_replaces_it():
    bench = Bench()
    bench.offer(signed())
    bench.serve(5)
    kept = dict(bench.slot.kept)
    bench.offer(signed())
    assert (bench.slot.kept, len(bench.reports)) == (kept, 1)
    more = dict(FILES)
    more["firmware/z.py"] = b"z"
    bench.offer(signed(3, lines=listed(more)))
    assert bench.slot.kept == {}
    bench.serve(files=more, lines=listed(more))
    bench.update.activate()
    assert (bench.record.version, bench.slot.kept["firmware/z.py"]) == (3, b"z")


def test_a_power_cut_after_any_step_is_gone_on_from():
    for steps in range(20):
        bench = Bench()
        bench.offer(signed())
        bench.serve(steps)
        asked = list(bench.asked)
        bench = Bench(bench.slot)
        assert bench.reports == [(2, "resumed")]
        bench.serve()
        assert bench.update.state == update.VERIFIED
        assert not set(asked) & set(bench.asked)


def test_an_old_manifest_in_the_slot_is_not_gone_on_with():
    for record in ({"floor": 2}, {"trial": "b", "version": 2}):
        slot = Slot()
        slot.begin(signed())
        assert Bench(slot, **record).update.state == update.IDLE


def test_a_file_with_another_hash_is_fetched_again_and_given_up_at_the_third_time():
    wrong = dict(FILES)
    wrong["firmware/main.py"] = b"x" * 2500
    for steps, bad in ((7, {"files": wrong}), (2, {"lines": b"x" * len(listed(FILES))})):
        bench = Bench()
        bench.offer(signed())
        bench.serve(steps, **bad)
        bench.serve()
        assert bench.update.state == update.VERIFIED
        bench = Bench()
        bench.offer(signed())
        bench.serve(100, **bad)
        assert (bench.update.state, bench.slot.begun) == (update.IDLE, None)
        version, words = bench.reports[-1]
        assert version == 2
        assert words.startswith("failed: ")
        assert words.endswith(" has another SHA-256 than it should")
        bench.offer(signed())
        assert bench.update.state == update.FETCHING


def test_a_list_that_is_none_is_given_up():
    good = listed(FILES)
    lines = good.split(b"\n")
    for bad in (
        good[:-1],  # the last line has no end
        listed({"firmware/main.py": b""}) + listed({"firmware/a.py": b""}),
        good + lines[-2] + b"\n",
        listed({"firmware/other.py": b""}),
        good.replace(b"firmware/maps/", b"../"),
        b"not a list at all",
    ):
        bench = Bench()
        bench.offer(signed(lines=bad))
        bench.serve(lines=bad)
        assert (bench.update.state, bench.slot.begun) == (update.IDLE, None), bad
        assert bench.reports[-1][1].startswith("failed: list: "), bench.reports


def test_what_the_medium_forgets_before_activation_is_noticed():
    bench = Bench()
    bench.offer(signed())
    while len(bench.asked) < 5:
        bench.serve(1)
    bench.slot.kept["firmware/main.py"] = b"x" * 2500
    bench.serve()
    assert bench.slot.kept["firmware/main.py"] == FILES["firmware/main.py"]
    assert bench.asked.count((2, 0)) == 2


def test_asking_is_patient_and_an_answer_ends_the_wait():
    bench = Bench()
    bench.offer(signed())
    asked = []
    for now in range(0, 200_000, 1000):
        if bench.update.step(now):
            asked.append(now // 1000)
    assert asked == [0, 5, 15, 35, 75, 135, 195]
    lines = listed(FILES)
    bench.update.take_chunk(manifest.chunk(2, 0, 0, lines[:100]), 200_000)
    assert manifest.parse_want(bench.update.step(200_000)) == (2, 0, 100)


def test_only_the_chunk_that_was_asked_for_is_taken():
    bench = Bench()
    lines = listed(FILES)
    bench.update.take_chunk(manifest.chunk(2, 0, 0, b"x"), 0)
    bench.offer(signed())
    for late in ((1, 0, 0), (2, 1, 0), (2, 0, 100)):
        bench.update.take_chunk(manifest.chunk(*late, b"x"), 0)
    assert bench.slot.kept == {}
    bench.update.take_chunk(manifest.chunk(2, 0, 0, lines[:100]), 0)
    bench.update.take_chunk(manifest.chunk(2, 0, 0, lines[:100]), 0)
    assert bench.slot.kept == {"list": lines[:100]}
    try:
        bench.update.take_chunk(manifest.chunk(2, 0, 100, lines[100:] + b"x"), 0)
    except WireError:
        return
    raise AssertionError


def test_nothing_is_activated_before_it_is_verified():
    bench = Bench()
    bench.offer(signed())
    try:
        bench.update.activate()
    except ValueError:
        assert bench.record.trial == ""
        return
    raise AssertionError
