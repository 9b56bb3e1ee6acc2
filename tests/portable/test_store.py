"""Store: who the meter is and where its record began, across power cuts, a full flash and lost bits."""

from firmware.hal import fake
from firmware.meter.store import Origin, Store, StoreDamaged


def raises(kind, call, *arguments):
    try:
        call(*arguments)
    except kind as error:
        return str(error) or True
    return False


def damage(files, name):
    data = bytearray(files.content[name])
    data[0] ^= 1
    files.content[name] = bytes(data)


def test_an_empty_flash_knows_nothing():
    store = Store(fake.Files())
    assert (store.origin(), store.statements.pending(0), store.statements.last(0)) == (None, [], 0)


def test_the_key_is_made_once():
    files = fake.Files()
    assert Store(files).secret(lambda: b"one") == b"one"
    assert Store(files).secret(lambda: b"two") == b"one"
    damage(files, "key")
    assert raises(StoreDamaged, Store(files).secret, lambda: b"three")


def test_boots_are_counted_past_a_lost_counter():
    files = fake.Files()
    store = Store(files)
    assert [store.count_boot(0), store.count_boot(0), Store(files).count_boot(0)] == [1, 2, 3]
    damage(files, "boot")
    assert store.count_boot(7) == 8


def test_the_origin_survives():
    files = fake.Files()
    Store(files).set_origin(Origin(1_800_000_000, (5, 6), (-7, 8)))
    origin = Store(files).origin()
    assert (origin.t0, origin.registers, origin.offset) == (1_800_000_000, (5, 6), (-7, 8))


def test_a_flash_of_the_first_layout_is_refused():
    files = fake.Files()
    files.content["key"] = b"secret and CRC"
    assert "format 1, not 2" in raises(StoreDamaged, Store, files)
    assert files.content == {"key": b"secret and CRC"}


def test_a_flash_of_a_later_layout_is_refused():
    files = fake.Files()
    Store(files)._notes.write("format", b"3")
    assert "format 3, not 2" in raises(StoreDamaged, Store, files)


def test_a_damaged_format_is_taken_for_ours():
    files = fake.Files()
    Store(files).secret(lambda: b"one")
    damage(files, "format")
    assert Store(files).secret(lambda: b"two") == b"one"
    assert Store(files)._notes.read("format") == b"2"
