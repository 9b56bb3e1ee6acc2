"""The gateway's keys, in ``keys/``, readable by the owner only."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from blockchain_iface.signatures import KeySigner

from . import files

FILE = "gateway.pem"


class KeyFileError(Exception):
    """The gateway's key cannot be used: the installation's fault. The message says what to do."""


def create(directory: Path) -> KeySigner:
    """Make the gateway's key, unless there is one already."""
    path = directory / FILE
    if not path.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        files.write_secret(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return load(directory)


def load(directory: Path) -> KeySigner:
    """The signer with the gateway's key. KeyFileError if it is missing or damaged."""
    path = directory / FILE
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        raise KeyFileError(f"{path} is missing: restore it from your backup; a new key cannot continue this ledger") from None
    except ValueError as error:
        raise KeyFileError(f"{path} is damaged ({error}): restore it from your backup") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyFileError(f"{path} is no P-256 key: restore it from your backup")
    return KeySigner(key)
