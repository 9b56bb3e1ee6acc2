"""The meter's key for TLS: born on the device like the signing key, but another one.

mbedTLS wants the secret itself, which a secure element does not give away; and a key that opens a door should not be the
one that vouches for energy. It lies on the flash as ECPrivateKey in DER, which takes no computing before a handshake.
"""

import errno

from ..wire import der, es256
from .notes import Notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Board, Files

_NAME = "tls-key"
_SECRET = 7  # where it begins in der.private_key: behind SEQUENCE, version and the head of the OCTET STRING


class NoTlsKey(OSError):
    """There is no key that the certificate could belong to: the installation's fault. The meter goes on metering."""


def load(files: "Files") -> bytes:
    """The key, ECPrivateKey in DER. NoTlsKey if none was made, or the flash has destroyed it."""
    key = Notes(files).read(_NAME)
    if key is None:
        raise NoTlsKey(errno.ENOENT, "TLS: no key on the flash: print the identity and have its request signed")
    return key


def signer_of(board: "Board") -> es256.SoftwareSigner:
    """Signs the certificate request. The key is made here, on first use, and again if the flash has destroyed it."""
    notes = Notes(board.files)
    key = notes.read(_NAME)
    if key is not None:
        return es256.SoftwareSigner(key[_SECRET : _SECRET + 32])
    secret = es256.generate_secret(board.random)
    signer = es256.SoftwareSigner(secret)
    notes.write(_NAME, der.private_key(secret, signer.public))
    return signer
