"""Runs on MicroPython: cut the power at every operation of a store's life, and look at what LittleFS has kept.

    micropython -m tests.contract.flash_power_cut

A store on real LittleFS lives for more than a turn of a small flash while every program and erase operation is recorded. Then
each operation in turn is the last one: not begun, torn, or torn with garbage behind. The store is opened on what that leaves,
must hold what it had promised by then and nothing else, and goes on. Prints one line that begins with "cuts" when all was
survived; any other ending is a failure.
"""

import vfs

from firmware.hal import littlefs
from firmware.meter.notes import StoreFull
from firmware.meter.statements import BATCH
from firmware.meter.store import Origin, Store
from firmware.wire.receipt import CERTIFICATE, EVENT
from tools.nor_flash import BLOCK_SIZE, PAGE, NorFlash

BLOCKS = 32
SIZES = {CERTIFICATE: 700, EVENT: 200}
STUCK = 9  # every such certificate never gets its receipt
KEY = bytes(range(32))


def mounted(flash):
    """The store on ``flash``."""
    vfs.mount(vfs.VfsLfs2(flash, progsize=PAGE), "/flash")
    return Store(littlefs.Files("/flash"))


def content(kind, number):
    size = SIZES[kind] - number % 50
    return (b"%d/%d " % (kind, number) * size)[:size]


class Promise:
    """What the store has said by an operation: the step under way may have happened or not."""

    def __init__(self):
        self.added = {CERTIFICATE: 0, EVENT: 0}
        self.unreceipted = {CERTIFICATE: [], EVENT: []}
        self.freed = []
        self.boots = 0
        self.origin = None
        self.under_way = ""

    def copy(self):
        copy = Promise()
        copy.added = dict(self.added)
        copy.unreceipted = {kind: list(numbers) for kind, numbers in self.unreceipted.items()}
        copy.freed = self.freed[-BATCH:]
        copy.boots, copy.origin, copy.under_way = self.boots, self.origin, self.under_way
        return copy


class Life:
    """A store from its first boot on; ``promises`` holds, for each step, the operations done before and what was promised."""

    def __init__(self):
        self.flash = NorFlash(BLOCKS)
        vfs.VfsLfs2.mkfs(self.flash, progsize=PAGE)
        self.start = self.flash.copy()
        self.flash.record()
        self.promise = Promise()
        self.promises = []
        self.dropped = 0
        self.full = 0
        self.store = mounted(self.flash)
        self.step("key", lambda: self.store.secret(lambda: KEY))
        self.boot()

    def step(self, name, call):
        self.promise.under_way = name
        self.promises.append((len(self.flash.operations), self.promise.copy()))
        return call()

    def boot(self):
        vfs.umount("/flash")
        self.store = mounted(self.flash)
        self.promise.boots = self.step("boot", lambda: self.store.count_boot(0))
        origin = (1_800_000_000 + self.promise.boots, (5, 6), (self.promise.boots, 0))
        self.step("origin", lambda: self.store.set_origin(Origin(*origin)))
        self.promise.origin = origin
        for kind in (CERTIFICATE, EVENT):
            self.promise.unreceipted[kind] = list(self.store.statements.pending(kind))

    def add(self, kind):
        number = self.promise.added[kind] + 1
        try:
            self.step("add", lambda: self.store.statements.add(kind, number, content(kind, number)))
        except StoreFull:
            return False
        self.promise.added[kind] = number
        self.promise.unreceipted[kind].append(number)
        return True

    def free(self, kind, number):
        self.promise.unreceipted[kind].remove(number)
        self.promise.freed.append((kind, number))
        self.step("free", lambda: self.store.statements.free(kind, number))

    def give_up(self):
        first, last = self.store.statements.oldest_run(CERTIFICATE)
        assert self.add(EVENT)
        for number in range(first, last + 1):
            self.promise.unreceipted[CERTIFICATE].remove(number)
            self.promise.freed.append((CERTIFICATE, number))
        self.step("drop", lambda: self.store.statements.give_up(CERTIFICATE, first, last))
        self.dropped += last + 1 - first

    def free_most(self):
        for number in list(self.promise.unreceipted[CERTIFICATE]):
            if number % STUCK:
                self.free(CERTIFICATE, number)

    def run(self):
        """Receipts as they come; an outage until the flash is full; a gap announced; some debt paid, then nearly all."""
        for _ in range(20):
            self.add(CERTIFICATE)
            self.free(CERTIFICATE, self.promise.added[CERTIFICATE])
        self.add(EVENT)
        self.free(EVENT, 1)
        while self.add(CERTIFICATE):
            pass
        self.full += 1
        self.add(EVENT)
        self.give_up()
        self.boot()
        while self.add(CERTIFICATE):
            pass
        self.full += 1
        for number in self.promise.unreceipted[CERTIFICATE][: BATCH - 1]:
            self.free(CERTIFICATE, number)
        while self.add(CERTIFICATE):
            pass
        self.full += 1
        self.free_most()
        self.boot()
        for turn in range(60):
            self.add(CERTIFICATE)
            if turn % 3 == 2:
                self.free_most()
        self.boot()
        self.step("end", lambda: None)
        vfs.umount("/flash")


def check(store, promise):
    """What is there is what was promised, whole and in order."""
    assert store.secret(lambda: b"another" if promise.boots else KEY) == KEY
    kept = store.statements
    assert kept.corrupt == 0
    for kind in (CERTIFICATE, EVENT):
        coming = promise.added[kind] + 1 if promise.under_way == "add" else promise.added[kind]
        assert promise.added[kind] <= kept.last(kind) <= coming, (kind, promise.added, kept.last(kind))
        pending = kept.pending(kind)
        assert pending == sorted(set(pending))
        assert kept.lost(kind) == [], kept.lost(kind)
        assert set(promise.unreceipted[kind]) <= set(pending), (kind, promise.unreceipted[kind], pending)
        for number in set(pending) - set(promise.unreceipted[kind]):
            assert number == coming or (kind, number) in promise.freed, (kind, number)
        for number in pending:
            assert kept.read(kind, number) == content(kind, number)
        if kept.last(kind):
            assert kept.newest(kind) == content(kind, kept.last(kind))
    origin = store.origin()
    if promise.origin is not None and promise.under_way != "origin":
        assert (origin.t0, origin.registers, origin.offset) == promise.origin
    elif promise.origin is not None:
        assert origin is not None
    boots = store.count_boot(0)
    assert promise.boots < boots <= promise.boots + 2


def go_on(store):
    """What was cut can be done again."""
    kept = store.statements
    number = kept.last(EVENT) + 1
    kept.add(EVENT, number, content(EVENT, number))
    assert kept.read(EVENT, number) == content(EVENT, number)


def survive(flash, promise):
    """Open the store on what a cut has left, twice: the second time after it has written again."""
    store = mounted(flash)
    check(store, promise)
    last = store.statements.last(EVENT)
    try:
        go_on(store)
        last += 1
    except StoreFull:
        pass
    vfs.umount("/flash")
    store = mounted(flash)
    assert store.statements.last(EVENT) == last
    assert store.statements.lost(CERTIFICATE) == []
    vfs.umount("/flash")


def main():
    life = Life()
    life.run()
    flash, operations = life.start, life.flash.operations
    cuts = step = 0
    for index, operation in enumerate(operations):
        while life.promises[step + 1][0] <= index:
            step += 1
        promise = life.promises[step][1]
        size = BLOCK_SIZE if operation[2] is None else len(operation[2])
        for cut, garbage in ((size * (index % 5) // 5, 0), (size * (index % 7) // 7, 3)):
            torn = flash.copy()
            torn.tear(operation, cut, garbage)
            survive(torn, promise)
            cuts += 1
        flash.apply(operation)
    survive(flash, life.promise)
    certificates = life.promise.added[CERTIFICATE]
    print(f"cuts {cuts} operations {len(operations)} certificates {certificates} full {life.full} dropped {life.dropped}")


main()
