"""ES256 on CPython: signing with the gateway's key and verifying everybody's, by the ``cryptography`` library."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from functools import lru_cache
from typing import Any, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature

from firmware.wire import cose, es256
from firmware.wire.cose import Statement
from firmware.wire.p256 import N
from firmware.wire.signer import Signer

_PREHASHED = ec.ECDSA(Prehashed(hashes.SHA256()))
_PREHASHED_DETERMINISTIC = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)
_REMEMBERED = 4096
_PIECE = 64
_SMALL = 4096
"""Bytes of the largest statement that is remembered: there is room for every certificate."""
T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
Signature = tuple[bytes, bytes, bytes]
"""Digest (32 bytes), signature (64), the public key it should be by (64)."""


parse_header = lru_cache(_REMEMBERED)(cose.parse_header)
"""As cose.parse_header. A signer's statements of one type have one header, so most are known."""


class KeySigner(Signer):
    """Signs with a P-256 private key: RFC 6979 nonces, low s."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        numbers = key.public_key().public_numbers()
        self._key = key
        self.public = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        self.kid = es256.key_id(self.public)

    def sign(self, digest: bytes) -> bytes:
        """r || s over a SHA-256 digest (32 bytes)."""
        r, s = decode_dss_signature(self._key.sign(digest, _PREHASHED_DETERMINISTIC))
        return r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")


def public_key(public: bytes) -> ec.EllipticCurvePublicKey:
    """The key for X || Y (64 bytes). ValueError if that is no point of the curve."""
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + public)


class Verifier:
    """Reads statements and checks their signatures; it remembers the last few thousand, so each is read and checked once."""

    def __init__(self, pool: Executor | None = None) -> None:
        """``pool``: threads to check many signatures in; the library lets go of the interpreter while it checks one."""
        self._pool = pool
        self._keys: dict[bytes, ec.EllipticCurvePublicKey] = {}
        self._held: OrderedDict[Signature, None] = OrderedDict()
        self._parsed: OrderedDict[bytes, Statement] = OrderedDict()
        self._bodies: OrderedDict[tuple[bytes, Callable[[bytes], object]], Any] = OrderedDict()

    def parse(self, data: bytes, max_size: int = cose.MAX_SIZE) -> Statement:
        """As cose.parse, once for the same bytes."""
        known = self._parsed.get(data) if len(data) <= max_size else None
        if known is None:
            known = cose.parse(data, max_size, parse_header)
            if len(data) <= _SMALL:
                _remember(self._parsed, data, known)
        return known

    def body(self, statement: Statement, decode: Callable[[bytes], T]) -> T:
        """``decode`` of the payload, once for the same statement. The caller does not change what it gets."""
        memory = statement.id, decode
        known: T | None = self._bodies.get(memory)
        if known is None:
            known = decode(statement.payload)
            _remember(self._bodies, memory, known)
        return known

    def holds(self, statement: Statement, public: bytes) -> bool:
        """True if ``statement`` was signed by the holder of ``public`` (64 bytes). Its form is cose.parse's business."""
        return self.signed(statement.id, statement.signature, public)

    def signed(self, digest: bytes, signature: bytes, public: bytes) -> bool:
        """True if ``signature`` (64 bytes) over ``digest`` (32 bytes) is by the holder of ``public``."""
        memory = (digest, signature, public)
        if memory in self._held:
            return True
        if not self.checks(digest, signature, public):
            return False
        _remember(self._held, memory, None)
        return True

    def hold(self, signatures: Sequence[Signature]) -> list[bool]:
        """Which of ``signatures`` hold, as ``signed`` says it of one; those that are new are checked by all threads."""
        news = {signature for signature in signatures if signature not in self._held}
        ordered = list(news)
        pieces = [ordered[first : first + _PIECE] for first in range(0, len(ordered), _PIECE)]
        for good in (self._pool.map if self._pool else map)(self._good, pieces):
            news.difference_update(good)
            for signature in good:
                _remember(self._held, signature, None)
        return [signature not in news for signature in signatures]

    def _good(self, signatures: Sequence[Signature]) -> list[Signature]:
        return [signature for signature in signatures if self.checks(*signature)]

    def remember(self, statement: Statement, signatures: Iterable[Signature]) -> None:
        """Take ``statement`` for read, and ``signatures`` for good: somebody of ours has done it."""
        _remember(self._parsed, statement.data, statement)
        for signature in signatures:
            _remember(self._held, signature, None)

    def remember_body(self, statement: Statement, decode: Callable[[bytes], T], body: T) -> None:
        """Take ``body`` for what ``decode`` makes of the payload: somebody of ours has done it."""
        _remember(self._bodies, (statement.id, decode), body)

    def checks(self, digest: bytes, signature: bytes, public: bytes) -> bool:
        """As ``signed``, but remembers nothing."""
        try:
            key = self._keys.get(public) or self._keys.setdefault(public, public_key(public))
            r = int.from_bytes(signature[:32], "big")
            s = int.from_bytes(signature[32:], "big")
            key.verify(encode_dss_signature(r, s), digest, _PREHASHED)
        except (InvalidSignature, ValueError):
            return False
        return True


def _remember(memory: OrderedDict[K, V], key: K, value: V) -> None:
    memory[key] = value
    if len(memory) > _REMEMBERED:
        memory.popitem(last=False)
