"""A TLS connection read and written in large pieces: one system call for many records, and no thread of its own."""

import select
import socket
import ssl

_PIECE = 1 << 18
_RECORD = 1 << 14
"""Bytes that a TLS record carries at most (RFC 8446, section 5.1)."""


class Line:
    """One connection. Every call raises OSError once it has failed; close it then."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, patience_s: float) -> None:
        """Connect to ``host``, whom the certificate must name. ``patience_s``: how long the other side may keep us waiting."""
        self._patience = patience_s
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._socket = socket.create_connection((host, port), patience_s)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._poll = select.poll()
            self._poll.register(self._socket, select.POLLIN)
            self._shake_hands()
        except BaseException:
            self._socket.close()
            raise

    def receive(self, within_s: float) -> bytes:
        """What has come, or comes within ``within_s`` seconds; empty if nothing does."""
        if not self._poll.poll(1000 * within_s):
            return b""
        self._fill()
        pieces = []
        try:
            while piece := self._tls.read(_RECORD):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            self._flush()
            return b"".join(pieces)
        raise ConnectionResetError("the other side has closed the connection")

    def send(self, data: bytes | bytearray) -> None:
        """Send all of ``data``."""
        self._tls.write(data)
        self._flush()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
        self._flush()

    def _fill(self) -> None:
        data = self._socket.recv(_PIECE)
        if not data:
            raise ConnectionResetError("the other side has closed the connection")
        self._incoming.write(data)

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._socket.sendall(self._outgoing.read())
