"""The interface of whatever signs: a key in memory, a secure element, a gateway's key file."""


class Signer:
    """A P-256 key that signs. Implementations fill all three.

    Attributes:
        kid: 8 bytes, see es256.key_id.
        public: 64 bytes, X || Y.
    """

    kid: bytes
    public: bytes

    def sign(self, digest: bytes) -> bytes:
        """The signature r || s (64 bytes, low s) over a SHA-256 digest of 32 bytes."""
        raise TypeError(f"{type(self)} cannot sign {len(digest)} bytes: Signer is an interface")
