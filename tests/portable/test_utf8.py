from firmware.wire import utf8
from firmware.wire.fields import WireError


def refuses(data):
    try:
        utf8.decode(data)
    except WireError:
        return True
    return False


def test_text_of_all_lengths():
    for code in (0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF):
        text = "sk/" + chr(code)
        assert utf8.decode(text.encode()) == text


def test_no_text_at_all():
    assert utf8.decode(b"") == ""


def test_broken_sequences():
    for hexadecimal in ("80", "ff", "e282", "41c3", "f5808080", "f4908080"):
        assert refuses(bytes.fromhex(hexadecimal)), hexadecimal


def test_overlong_forms():
    for hexadecimal in ("c0af", "c181", "e080af", "e09f80", "f08080af", "f08f8080"):
        assert refuses(bytes.fromhex(hexadecimal)), hexadecimal


def test_surrogates():
    for hexadecimal in ("eda080", "edbfbf", "eda080edb080"):
        assert refuses(bytes.fromhex(hexadecimal)), hexadecimal
