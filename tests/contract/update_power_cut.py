"""Runs on MicroPython: cut the power at every program and erase of an update on a real LittleFS, and start again.

    micropython -m tests.contract.update_power_cut

A meter starts version 1 from slot a, fetches version 2, tries and confirms it; the same with a version 2 that is rolled
back. Whatever was cut, the next start runs version 1 or 2, whole, and the next run of the same ends where it should.
Prints "cuts N" for each way when all were survived; any other ending is a failure.
"""

import errno
import hashlib
import os

import vfs

from firmware import boot
from firmware.meter import slots, update
from firmware.wire import es256, manifest
from firmware.wire.steps import finish

BLOCK, BLOCKS = 512, 64
PROGRAM = 64
COUNT, SIZE, ERASE = 4, 5, 6
FOREVER = 1 << 30
GATEWAY = es256.SoftwareSigner(bytes(31) + b"\x05")
FOLDER = "/flash/slots"


class Medium:
    """A flash in memory that takes ``left`` more programs and erases and half of the next one, and is dead after that."""

    def __init__(self, data, left):
        self.data = bytearray(data)
        self.left = left

    def readblocks(self, block, buffer, offset=0):
        # an errno, not an exception: the finalisers of the files that the cut left open must not allocate
        if self.left < 0:
            return -errno.EIO
        at = block * BLOCK + offset
        buffer[:] = self.data[at : at + len(buffer)]
        return 0

    def writeblocks(self, block, buffer, offset=0):
        if self.left < 0:
            return -errno.EIO
        return self._change(block * BLOCK + offset, bytes(buffer))

    def ioctl(self, operation, argument):
        if operation == ERASE:
            return -errno.EIO if self.left < 0 else self._change(argument * BLOCK, b"\xff" * BLOCK)
        return {COUNT: BLOCKS, SIZE: BLOCK}.get(operation, 0)

    def _change(self, at, data):
        self.left -= 1
        if self.left < 0:
            data = data[: len(data) // 2]
        self.data[at : at + len(data)] = data
        return -errno.EIO if self.left < 0 else 0


def mount(medium):
    vfs.mount(vfs.VfsLfs2(medium, readsize=PROGRAM, progsize=PROGRAM), "/flash")


def release(version):
    """The files of a version, some longer than a chunk."""
    return {
        "firmware/__init__.py": b"",
        "firmware/main.py": b"# version %d" % version,
        "firmware/wire/long.py": b"# %d\n" % version * 400,
    }


def listed(version):
    """The list of a version's files."""
    files = release(version)
    lines = [manifest.File(path, len(files[path]), hashlib.sha256(files[path]).digest()).line() for path in sorted(files)]
    return b"".join(lines)


def offer(version):
    lines = listed(version)
    content = manifest.Manifest(version, "unix", len(lines), hashlib.sha256(lines).digest(), 1_800_000_000)
    return manifest.sign(GATEWAY, "isle", content)


OFFER = offer(2)


def prepare():
    """A medium on which version 1 is confirmed in slot a, and slot b holds what was there before."""
    medium = Medium(bytes(BLOCK * BLOCKS), FOREVER)
    vfs.VfsLfs2.mkfs(medium, progsize=PROGRAM)
    mount(medium)
    os.mkdir(FOLDER)
    for name, version in (("a", 1), ("b", 0)):
        slot = slots.Slot(FOLDER, name)
        slot.begin(b"old")
        for path, content in release(version).items():
            slot.append(path, content)
    record = boot.Record(FOLDER)
    record.slot, record.floor = "a", 1
    record.save()
    vfs.umount("/flash")
    return bytes(medium.data)


def version_of(name):
    """The version in a slot, all of whose files must be there and right."""
    with open(f"{FOLDER}/{name}/firmware/main.py") as file:
        version = int(file.read().split()[-1])
    for path, content in release(version).items():
        with open(f"{FOLDER}/{name}/{path}", "rb") as file:
            assert file.read() == content, (name, path)
    return version


def start():
    """What the boot selector does; the record, and the version that runs."""
    record = boot.Record(FOLDER)
    boot.count_start(record, boot._usable(FOLDER))
    record.save()
    return record, version_of(record.running)


def fetch(record, version):
    """What a running meter does with the offer of version 2, up to the order to try it."""
    target = slots.Slot(FOLDER, "b" if record.running == "a" else "a")
    work = update.Update(record, target, ("isle", "unix", GATEWAY.public), version, lambda _version, _result: None)
    finish(work.resume_steps())
    finish(work.offer_steps(OFFER))
    files = release(2)
    while work.state != update.VERIFIED:
        asked = work.step(0)
        if asked is not None:
            _, index, offset = manifest.parse_want(asked)
            content = files[sorted(files)[index - 1]] if index else listed(2)
            piece = content[offset : offset + manifest.CHUNK]
            work.take_chunk(manifest.chunk(2, index, offset, piece), 0)
    work.activate()


def live(good, seen):
    """Starts until version 2 is confirmed, or rolled back and refused for good."""
    while True:
        record, version = start()
        seen.append(version)
        if record.trial:
            if good:
                record.confirm()
            else:
                record.roll_back("it is no good")
            record.save()
        elif version == 1 and record.floor == 1:
            fetch(record, version)
        else:
            return record, version


def cut_everywhere(image, good):
    """Cut at one change after the other until there is none left to cut; how many there were."""
    cuts = 0
    while True:
        medium = Medium(image, cuts)
        mount(medium)
        seen = []
        try:
            end = live(good, seen)
        except OSError:
            assert medium.left < 0
        vfs.umount("/flash")
        whole = medium.left >= 0
        if not whole:
            # the cut one stays dead: nothing that is still open there can be written later
            mount(Medium(medium.data, FOREVER))
            end = live(good, seen)
            vfs.umount("/flash")
            cuts += 1
        record, version = end
        assert set(seen) <= {1, 2}, seen
        assert (version, record.floor, record.trial) == (2 if good else 1, 2, ""), (cuts, version, record.floor)
        if whole:
            return cuts


base = prepare()
for good in (True, False):
    print("cuts", cut_everywhere(base, good))
