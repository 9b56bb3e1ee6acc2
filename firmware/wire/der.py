"""DER, as far as keys and certificate requests need it (ITU-T X.690, section 10), and its PEM dress (RFC 7468).

Every function returns one whole element, ready to be put into another one.
"""

import binascii

from .fields import RangeError, u8, u16

_INTEGER, _BIT_STRING, _OCTET_STRING, _UTF8_STRING, _SEQUENCE, _SET, _TAGGED = 0x02, 0x03, 0x04, 0x0C, 0x30, 0x31, 0xA0
_LINE = 64  # letters of PEM (RFC 7468, section 2)

# Object identifiers: RFC 5480, sections 2.1.1 and 2.1.1.1; RFC 5758, section 3.2; RFC 5280, appendix A.1
EC_PUBLIC_KEY = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
PRIME256V1 = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
ECDSA_WITH_SHA256 = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
COMMON_NAME = b"\x06\x03\x55\x04\x03"


def integer(value: int) -> bytes:
    """INTEGER, 0 or more. RangeError for less."""
    if value < 0:
        raise RangeError("no negative number is encoded here")
    size = 1
    while value >> (8 * size - 1):  # the first bit is the sign
        size += 1
    return _element(_INTEGER, value.to_bytes(size, "big"))


def bit_string(data: bytes) -> bytes:
    """BIT STRING of whole bytes."""
    return _element(_BIT_STRING, b"\x00" + data)


def octet_string(data: bytes) -> bytes:
    """OCTET STRING."""
    return _element(_OCTET_STRING, data)


def utf8_string(text: str) -> bytes:
    """UTF8String."""
    return _element(_UTF8_STRING, text.encode())


def sequence(*elements: bytes) -> bytes:
    """SEQUENCE of ``elements``."""
    return _element(_SEQUENCE, b"".join(elements))


def set_of(element: bytes) -> bytes:
    """SET OF a single ``element``: more would have to be sorted."""
    return _element(_SET, element)


def tagged(number: int, content: bytes) -> bytes:
    """Context-specific, constructed tag ``number`` (0..30) around ``content``. RangeError for another number."""
    if not 0 <= number <= 30:
        raise RangeError(f"tag {number} does not fit its byte")
    return _element(_TAGGED | number, content)


def private_key(secret: bytes, public: bytes) -> bytes:
    """A P-256 key as ECPrivateKey (RFC 5915, section 3); ``secret`` has 32 bytes, ``public`` is X || Y."""
    point = bit_string(b"\x04" + public)
    return sequence(integer(1), octet_string(secret), tagged(0, PRIME256V1), tagged(1, point))


def public_key(public: bytes) -> bytes:
    """A P-256 key, X || Y, as SubjectPublicKeyInfo (RFC 5480, section 2)."""
    return sequence(sequence(EC_PUBLIC_KEY, PRIME256V1), bit_string(b"\x04" + public))


def signature(data: bytes) -> bytes:
    """r || s, 64 bytes, as Ecdsa-Sig-Value (RFC 3279, section 2.2.3)."""
    return sequence(integer(int.from_bytes(data[:32], "big")), integer(int.from_bytes(data[32:], "big")))


def pem(label: str, element: bytes) -> str:
    """``element`` between lines that say what it is: ``-----BEGIN label-----``."""
    letters = binascii.b2a_base64(element).decode().strip()
    body = "\n".join([letters[start : start + _LINE] for start in range(0, len(letters), _LINE)])
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        length = u8(size)
    elif size < 0x100:
        length = b"\x81" + u8(size)
    else:
        length = b"\x82" + u16(size)
    return u8(tag) + length + content
