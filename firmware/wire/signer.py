"""The interface of whatever signs: a key in memory, a secure element, a gateway's key file."""

from .steps import finish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .steps import Steps


class SignerError(Exception):
    """The signer did not sign. Nothing is lost: let it try the same digest again, later. The message says what is wrong."""


class Signer:
    """A P-256 key that signs. Implementations fill the attributes and one of the two: ``sign`` if it takes no time to
    speak of, ``sign_steps`` if an event loop would feel it.

    Attributes:
        kid: 8 bytes, see es256.key_id.
        public: 64 bytes, X || Y.
    """

    kid: bytes
    public: bytes

    def sign(self, digest: bytes) -> bytes:
        """The signature r || s (64 bytes, low s) over a SHA-256 digest of 32 bytes. SignerError if there is none."""
        return finish(self.sign_steps(digest))

    def sign_steps(self, digest: bytes) -> "Steps[bytes]":
        """As ``sign``, in steps (see steps)."""
        yield
        return self.sign(digest)
