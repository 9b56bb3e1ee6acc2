"""Manifests: the golden bytes, and everything that a strict decoder refuses."""

import json

from firmware.wire import cbor, cose, es256, manifest
from firmware.wire.fields import RangeError, WireError

with open("tests/vectors/manifest.json") as file:
    VECTOR = json.load(file)

GATEWAY = es256.SoftwareSigner(bytes.fromhex(VECTOR["secret"]))
MAIN = manifest.File("firmware/main.py", 17, bytes(32))


def refused(call, *arguments):
    try:
        call(*arguments)
    except WireError:
        return True
    return False


def statement(subject="unix", type=manifest.TYPE, **changes):
    body = {1: 2, 2: [100, bytes(32)], 3: 1_800_000_000}
    for key, value in changes.items():
        body[int(key[1:])] = value
    return cose.parse(cose.sign(GATEWAY, "isle", subject, type, cbor.encode(body)))


def test_a_manifest_is_the_golden_bytes():
    content = manifest.Manifest(
        VECTOR["version"], VECTOR["target"], VECTOR["size"], bytes.fromhex(VECTOR["sha256"]), VECTOR["issued_at"]
    )
    data = manifest.sign(GATEWAY, VECTOR["site"], content)
    assert data.hex() == VECTOR["bytes"]
    found = cose.parse(data, manifest.MAX_SIZE)
    assert (found.issuer, found.subject, found.type) == ("isle", "unix", "vnd.skerry.manifest")
    assert es256.verify(GATEWAY.public, found.id, found.signature)
    read = manifest.decode(found)
    assert (read.version, read.target, read.issued_at) == (2, "unix", 1_800_000_000)
    assert (read.size, read.sha256.hex()) == (VECTOR["size"], VECTOR["sha256"])


def test_only_a_manifest_is_one():
    assert manifest.decode(statement()).version == 2
    for wrong in (
        {"type": "vnd.skerry.command"},
        {"_1": 0},
        {"_1": 1 << 32},
        {"_1": None},
        {"_2": []},
        {"_2": [0, bytes(32)]},
        {"_2": [manifest.MAX_FILES * manifest.MAX_LINE + 1, bytes(32)]},
        {"_2": [100, bytes(31)]},
        {"_3": -1},
        {"_4": 1},
    ):
        assert refused(manifest.decode, statement(**wrong)), wrong


def test_a_line_goes_there_and_back():
    assert MAIN.line() == b"00" * 32 + b" 17 firmware/main.py\n"
    longest = manifest.File("a" * 61 + ".py", manifest.MAX_FILE, bytes(range(32)))
    assert len(longest.line()) == manifest.MAX_LINE
    for file in (MAIN, longest):
        read = manifest.parse_line(file.line())
        assert (read.path, read.size, read.sha256) == (file.path, file.size, file.sha256)


def test_only_the_strict_form_is_a_line():
    digits = b"00" * 32
    for wrong in (
        b"",
        b"\n",
        digits + b" 17 firmware/main.py",
        digits + b"  17 firmware/main.py\n",
        digits + b" 017 firmware/main.py\n",
        digits + b" +17 firmware/main.py\n",
        digits + b" -1 firmware/main.py\n",
        digits + b" 262145 firmware/main.py\n",
        digits + b" firmware/main.py\n",
        digits[1:] + b" 17 firmware/main.py\n",
        b"A" * 64 + b" 17 firmware/main.py\n",
    ):
        assert refused(manifest.parse_line, wrong), wrong


def test_no_path_leads_out_of_the_slot():
    for path in ("a.py", "firmware/wire/cbor.mpy", "firmware/maps/eastron_sdm120.json"):
        assert manifest.is_path(path), path
    for path in (
        "",
        ".py",
        "/a.py",
        "../a.py",
        "a/../b.py",
        "./a.py",
        "a//b.py",
        "a/.py",
        "a\\b.py",
        "a.txt",
        "a",
        "list",
        "manifest",
        "A.py",
        "a.b.py",
        "a/b/c/d/e.py",
        "a" * 62 + ".py",
    ):
        assert not manifest.is_path(path), path
        assert refused(manifest.parse_line, b"00" * 32 + f" 1 {path}\n".encode()), path


def test_what_a_meter_would_refuse_is_neither_signed_nor_listed():
    manifest_of_nothing = manifest.Manifest(2, "unix", 0, bytes(32), 0)
    for call in (lambda: manifest.sign(GATEWAY, "isle", manifest_of_nothing), manifest.File("../a.py", 1, bytes(32)).line):
        try:
            call()
        except RangeError:
            continue
        raise AssertionError


def test_wants_and_chunks_go_there_and_back():
    assert manifest.parse_want(manifest.want(2, 256, 1024)) == (2, 256, 1024)
    assert manifest.parse_chunk(manifest.chunk(2, 0, 0, b"abc")) == (2, 0, 0, b"abc")
    for wrong in ([2, 0], [0, 0, 0], [2, 257, 0], [2, 0, 1 << 18], [2, 0, -1], [2, 0, None]):
        assert refused(manifest.parse_want, cbor.encode(wrong)), wrong
    for wrong in ([2, 0, 0], [2, 0, 0, b""], [2, 0, 0, bytes(1025)], [2, 0, 0, "abc"], [2, 257, 0, b"abc"]):
        assert refused(manifest.parse_chunk, cbor.encode(wrong)), wrong
