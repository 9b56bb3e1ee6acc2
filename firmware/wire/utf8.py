"""Strict UTF-8 (RFC 3629, section 3). MicroPython's own decoder takes overlong forms, surrogates and what is beyond Unicode."""

from .fields import WireError


def decode(data: bytes) -> str:
    """The text that ``data`` encodes. WireError if it is not UTF-8, with the same verdict on both interpreters."""
    if not data or max(data) < 0x80:  # ASCII has one form only
        return data.decode()
    try:
        text = data.decode()
    except ValueError:
        raise WireError("text is not UTF-8") from None
    codes = [ord(character) for character in text]
    if any(0xD800 <= code <= 0xDFFF or code > 0x10FFFF for code in codes):
        raise WireError("text holds a number that is no character")
    # every code point has one shortest form, so bytes that differ from it were longer
    if "".join([chr(code) for code in codes]).encode() != data:
        raise WireError("text is longer than it need be")
    return text
