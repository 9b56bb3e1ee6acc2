"""A virtual meter's key for the broker's door, and what it is given for it, for tests."""

import json
import ssl
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from blockchain_iface.signatures import KeySigner
from firmware.wire import csr
from tests.virtual_meter import VirtualMeter


class DoorKey:
    """A key on P-256, and the request for its certificate."""

    def __init__(self, meter: str) -> None:
        self.meter = meter
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.csr = csr.request(KeySigner(self.key), meter)

    @property
    def public(self) -> ec.EllipticCurvePublicKey:
        return self.key.public_key()

    def identity(self, meter: VirtualMeter, **changes: object) -> dict[str, Any]:
        """What a real meter prints with --identity. ``changes`` are to its fields."""
        public = meter.signer.public.hex()
        return {"meter": self.meter, "public": public, "request": meter.request.hex(), "csr": self.csr, **changes}

    def context(self, folder: Path, ca: str, certificate: str) -> ssl.SSLContext:
        """For a client with this key. Its files lie in ``folder``."""
        path = folder / f"{self.meter}.pem"
        secret = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        path.write_text(secret + certificate)
        context = ssl.create_default_context(cadata=ca)
        context.load_cert_chain(path)
        return context


def application(identity: dict[str, Any], token: str) -> bytes:
    """As it lies in the inbox."""
    return json.dumps({**identity, "token": token}).encode()
