"""Store: what a power cut, a full flash and a lost bit leave behind."""

from firmware.hal import fake
from firmware.meter.store import Origin, Store, StoreDamaged, StoreFull


def raises(kind, call, *arguments):
    try:
        call(*arguments)
    except kind:
        return True
    return False


def filled(*seqs):
    files = fake.Files()
    store = Store(files)
    for seq in seqs:
        store.add(seq, b"certificate %d" % seq)
    return files, store


def damage(files, name):
    data = bytearray(files.content[name])
    data[0] ^= 1
    files.content[name] = bytes(data)


def test_an_empty_flash_knows_nothing():
    _, store = filled()
    assert (store.pending, store.last_seq, store.newest(), store.origin()) == ([], 0, None, None)


def test_certificates_survive_a_restart():
    files, _ = filled(1, 2, 3)
    store = Store(files)
    assert (store.pending, store.last_seq, store.newest()) == ([1, 2, 3], 3, b"certificate 3")
    assert store.certificate(2) == b"certificate 2"


def test_a_receipt_frees_a_certificate_but_the_newest_stays_readable():
    files, store = filled(1, 2)
    store.free(1)
    store.free(2)
    assert store.pending == []
    assert sorted(files.names("q")) == ["0000000002.ok"]
    store = Store(files)
    assert (store.pending, store.last_seq, store.newest()) == ([], 2, b"certificate 2")
    store.add(3, b"certificate 3")
    assert sorted(files.names("q")) == ["0000000003"]


def test_only_pending_certificates_can_be_freed_or_read():
    _, store = filled(1)
    assert raises(KeyError, store.free, 2)
    assert raises(KeyError, store.certificate, 2)
    store.free(1)
    assert raises(KeyError, store.free, 1)


def test_a_power_cut_at_any_write_loses_no_certificate_and_repeats_no_number():
    for cut in range(12):
        files = fake.Files()
        store = Store(files)
        files.fail_after = cut
        added = freed = 0
        try:
            for seq in range(1, 5):
                store.add(seq, b"%d" % seq)
                added = seq
                store.free(seq)
                freed = seq
        except OSError:
            pass
        files.fail_after = None
        store = Store(files)
        last = store.last_seq
        assert last in (added, added + 1)
        assert store.pending == list(range(freed + 1, last + 1))
        assert store.newest() == (b"%d" % last if last else None)
        assert len(files.names("q")) == min(last, 1)


def test_a_damaged_certificate_is_counted_and_its_number_stays_used():
    files, _ = filled(1, 2)
    damage(files, "q/0000000002")
    store = Store(files)
    assert (store.pending, store.last_seq, store.corrupt, store.newest()) == ([1], 2, 1, b"certificate 1")


def test_a_certificate_damaged_under_way_is_not_sent():
    files, store = filled(1)
    damage(files, "q/0000000001")
    assert raises(StoreDamaged, store.certificate, 1)


def test_the_key_is_made_once():
    files, store = filled()
    assert store.secret(lambda: b"one") == b"one"
    assert Store(files).secret(lambda: b"two") == b"one"
    damage(files, "key")
    assert raises(StoreDamaged, Store(files).secret, lambda: b"three")


def test_boots_are_counted_past_a_lost_counter():
    files, store = filled()
    assert [store.count_boot(0), store.count_boot(0), Store(files).count_boot(0)] == [1, 2, 3]
    damage(files, "boot")
    assert store.count_boot(7) == 8


def test_the_origin_survives():
    files, store = filled()
    store.set_origin(Origin(1_800_000_000, (5, 6), (-7, 8)))
    origin = Store(files).origin()
    assert (origin.t0, origin.registers, origin.offset) == (1_800_000_000, (5, 6), (-7, 8))


def test_a_full_flash_refuses_a_certificate_and_still_frees_one():
    files, store = filled(1, 2)
    files.capacity = 65536
    assert raises(StoreFull, store.add, 3, b"x")
    store.free(1)
    assert Store(files).pending == [2]
    assert Store(files).last_seq == 2
