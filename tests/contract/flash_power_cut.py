"""Runs on MicroPython: cut the power at every block write of a store's life, and look at what LittleFS has kept.

    micropython -m tests.contract.flash_power_cut FLASH_FILE

Prints one line that begins with "cuts" when all were survived; any other ending is a failure.
"""

import os
import sys

import vfs

from firmware.hal import unix
from firmware.hal.block_file import BlockFile
from firmware.meter.store import Origin, Store

CUTS = 200


class PowerCut(Exception):
    pass


class CutBlocks(BlockFile):
    """A medium that takes ``left`` more block writes, half of the next one, and nothing after that."""

    left = 1 << 30

    def writeblocks(self, block, buffer, offset=0):
        if self.left < 0:
            raise PowerCut()
        self.left -= 1
        if self.left < 0:
            super().writeblocks(block, memoryview(buffer)[: len(buffer) // 2], offset)
            raise PowerCut()
        super().writeblocks(block, buffer, offset)


def mount(path):
    device = CutBlocks(path)
    vfs.mount(vfs.VfsLfs2(device, progsize=256), "/flash")
    return device


def files():
    """The board's file store on what is mounted."""
    return object.__new__(unix.Files)


def live(store):
    """What a meter writes in its life, step by step."""
    if store.origin() is None:
        store.set_origin(Origin(1_800_000_000, (5, 6), (0, 0)))
    for seq in list(store.pending):
        store.free(seq)
        yield
    for seq in range(store.last_seq + 1, store.last_seq + 5):
        store.add(seq, content(seq))
        yield
        if seq % 3:
            store.free(seq)
            yield


def content(seq):
    return b"certificate %d" % seq * 30


def check(store, last_seq, pending):
    """The step that was cut has happened wholly or not at all; ``last_seq`` and ``pending`` were true before it."""
    assert store.corrupt == 0
    assert store.last_seq in (last_seq, last_seq + 1), (store.last_seq, last_seq)
    assert len(set(store.pending) ^ set(pending)) <= 1, (store.pending, pending)
    for seq in store.pending:
        assert store.certificate(seq) == content(seq)
    if store.last_seq:
        assert store.newest() == content(store.last_seq)


def main(path):
    BlockFile.create(path)
    vfs.VfsLfs2.mkfs(BlockFile(path), progsize=256)
    last_seq, pending = 0, []
    for cut in range(CUTS):
        device = mount(path)
        store = Store(files())
        check(store, last_seq, pending)
        last_seq, pending = store.last_seq, list(store.pending)
        device.left = cut % 40
        try:
            for _ in live(store):
                last_seq, pending = store.last_seq, list(store.pending)
        except PowerCut:
            pass
        vfs.umount("/flash")
    print("cuts", CUTS, "certificates", last_seq)


try:
    main(sys.argv[1])
finally:
    os.remove(sys.argv[1])
