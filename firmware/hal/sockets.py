"""Connections of every port that has MicroPython's ``socket`` and ``tls``: none of them waits outside the event loop.

A TLS handshake is driven by the first write, piece by piece as the other side answers, and ends with that write's deadline.
Between two pieces every other task has its turn; one piece is a computation of mbedTLS, some 10 to 300 ms on an ESP32.
"""

import asyncio
import errno
import select
import socket

import tls

_POLL_MS = 10
_FATAL_ALERT = -0x7780  # MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE


class TlsError(OSError):
    """The two sides do not accept each other. The message says who refused whom, and why if that is known."""


class Stream:
    """A descriptor that asyncio can wait for."""

    def __init__(self, raw: object) -> None:
        self._raw = raw
        self._stream = asyncio.StreamReader(raw)

    async def read(self, count: int) -> bytes:
        return await self._stream.read(count)

    async def write(self, data: bytes) -> None:
        self._stream.write(data)  # type: ignore[attr-defined]
        await self._stream.drain()  # type: ignore[attr-defined]

    def close(self) -> None:
        self._raw.close()  # type: ignore[attr-defined]


class TcpStream(Stream):
    """A TCP connection that is being made: the first write waits for it, for some ports raise if it comes too early."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self._poll: select.poll | None = select.poll()
        self._poll.register(connection, select.POLLOUT)

    async def write(self, data: bytes) -> None:
        while self._poll is not None:
            if self._poll.poll(0):
                self._poll = None
            else:
                await asyncio.sleep_ms(_POLL_MS)
        await super().write(data)


class UdpStream(Stream):
    """Datagrams: a stream's own ``read`` would join what comes in one after the other."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self._socket = connection

    async def read(self, count: int) -> bytes:
        while True:
            try:
                return self._socket.recv(count)
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    raise
            await asyncio.sleep_ms(_POLL_MS)


class TlsStream(TcpStream):
    """A TLS connection over one that is being made. mbedTLS's own errors become TlsError."""

    def __init__(self, connection: socket.socket, wrapped: object) -> None:
        super().__init__(connection)
        self._raw = wrapped
        self._stream = asyncio.StreamReader(wrapped)

    async def read(self, count: int) -> bytes:
        try:
            return await super().read(count)
        except (OSError, ValueError) as error:
            raise _in_words(error) from None

    async def write(self, data: bytes) -> None:
        try:
            await super().write(data)
        except (OSError, ValueError) as error:
            raise _in_words(error) from None


class Connections:
    """How a board with these sockets reaches others: a part of ``interface.Board``."""

    def open_tcp(self, host: str, port: int) -> TcpStream:
        """Start connecting. OSError if that fails at once; a later refusal shows at the first write or read."""
        return TcpStream(_connect(host, port, socket.SOCK_STREAM))

    def open_udp(self, host: str, port: int) -> UdpStream:
        """Hear and speak to one address. OSError if there is no way to it."""
        return UdpStream(_connect(host, port, socket.SOCK_DGRAM))

    def open_tls(self, host: str, port: int, ca: bytes, certificate: bytes, key: bytes) -> TlsStream:
        """As ``open_tcp``, for TLS with both sides' certificates. The server's must name ``host`` and be signed by ``ca``.

        Args:
            ca, certificate: X.509, PEM or DER.
            key: of ``certificate``, ECPrivateKey in DER.
        Raises:
            TlsError: at once, if one of these three cannot be read; later as a refusal does.
        """
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_REQUIRED  # type: ignore[attr-defined]
        try:
            context.load_verify_locations(ca)
            context.load_cert_chain(certificate, key)
        except (OSError, ValueError) as error:
            raise TlsError(
                errno.EINVAL, f"TLS: mqtt.tls.ca or mqtt.tls.cert is no certificate, or not for this key: {error}"
            ) from None
        connection = _connect(host, port, socket.SOCK_STREAM)
        try:
            wrapped = context.wrap_socket(connection, server_hostname=host, do_handshake_on_connect=False)
        except (OSError, ValueError) as error:
            connection.close()
            raise _in_words(error) from None
        return TlsStream(connection, wrapped)


def _connect(host: str, port: int, kind: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, 0, kind)[0]
    connection = socket.socket(family, kind, protocol)
    connection.setblocking(False)
    try:
        connection.connect(address)
    except OSError as error:
        if error.errno != errno.EINPROGRESS:
            connection.close()
            raise
    return connection


def _in_words(error: Exception) -> OSError:
    """mbedTLS reports a certificate it refuses as ValueError, and what else goes wrong as a number below zero."""
    if isinstance(error, ValueError):
        return TlsError(errno.EACCES, "TLS: the broker's certificate is refused: " + str(error).strip())
    if not isinstance(error, OSError) or error.errno is None or error.errno >= 0:
        return error  # type: ignore[return-value]
    if error.errno == _FATAL_ALERT:
        return TlsError(errno.EACCES, "TLS: the broker refuses our certificate, or has no algorithm in common with us")
    return TlsError(errno.EIO, f"TLS: mbedTLS error -0x{-error.errno:04x}")
