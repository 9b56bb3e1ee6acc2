"""The broker where mosquitto cannot be had: amqtt in a process of its own, under the same rules.

    python -m gateway.adapters.amqtt_broker SITE HOST PORT CA CERTIFICATE CRL

amqtt looks a session up by the client's word before it asks who that is, forwards wills unasked, reads packets of any size
and shows retained messages to whoever reconnects. So our own door stands before it: it asks for a client certificate, frames
packets, makes the certificate's name the username and the client's id, and only then hands the connection over.
"""

# amqtt carries no types
# mypy: disable-error-code="import-untyped, misc"

import asyncio
import logging
import signal
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from amqtt.adapters import ReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker, RetainedApplicationMessage
from amqtt.contexts import Action
from amqtt.errors import AMQTTError, CodecError, MQTTError, NoDataError
from amqtt.mqtt.connack import NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.connect import ConnectPacket
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from . import broker_rules as rules

_CONNECT_WITHIN_S = 10
_CLOSE_WITHIN_S = 1
_LISTENER = "default"


class _Packets(ReaderAdapter):
    """Hands out whole packets of at most MAX_PACKET bytes; after the first offence the connection has ended."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._left = b""
        self._ended = False

    async def read(self, n: int = -1) -> bytes:
        if not self._left:
            try:
                self._left = await self._packet()
            except BaseException:  # a time-out too leaves us in the middle of something
                self._ended = True
                raise
        piece, self._left = self._left[:n], self._left[n:]
        return piece

    def replay(self, packet: bytes) -> None:
        """Let the next read begin with ``packet``."""
        self._left = packet

    def feed_eof(self) -> None:
        self._ended = True

    async def _packet(self) -> bytes:
        if self._ended:
            raise ConnectionResetError
        head = await self._reader.readexactly(1)
        length = shift = 0
        while shift < 28:  # the remaining length has at most four bytes (MQTT 3.1.1, section 2.2.3)
            head += await self._reader.readexactly(1)
            length |= (head[-1] & 127) << shift
            shift += 7
            if head[-1] < 128:
                break
        if len(head) + length > rules.MAX_PACKET:
            raise ConnectionResetError
        return head + await self._reader.readexactly(length)


class LetIn(BaseAuthPlugin):
    """The door has asked for the certificate already."""

    async def authenticate(self, *, session: Session) -> bool:
        return bool(session.username == session.client_id)


class Rules(BaseTopicPlugin):
    """broker_rules, asked for every message and subscription."""

    @dataclass
    class Config:
        """What amqtt passes on from its configuration."""

        site: str

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        if session is None or not session.username or topic is None:
            return False
        if action == Action.PUBLISH:
            return rules.may_write(self.config.site, session.username, topic)
        return rules.may_read(self.config.site, session.username, topic)


class _SiteBroker(Broker):
    """amqtt, with its retained messages under the rules and its queues bounded."""

    site = ""

    async def _publish_retained_messages_for_subscription(self, subscription: tuple[str, int], session: Session) -> None:
        if rules.may_read(self.site, session.username or "", subscription[0]):
            await super()._publish_retained_messages_for_subscription(subscription, session)

    async def _retain_broadcast_message(self, broadcast: dict[str, Any], qos: int, target_session: Session) -> None:
        queue: asyncio.Queue[RetainedApplicationMessage] = target_session.retained_messages
        if queue.qsize() < rules.MAX_QUEUED:
            await super()._retain_broadcast_message(broadcast, qos, target_session)


async def _enter(broker: _SiteBroker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The door: one connection with a valid certificate, from its first byte to its last."""
    packets, out = _Packets(reader), StreamWriterAdapter(writer)
    try:
        connect = await asyncio.wait_for(ConnectPacket.from_stream(packets), _CONNECT_WITHIN_S)
        connect.username = connect.client_id = _name(writer)
        connect.username_flag, connect.password_flag = True, False
        if connect.will_flag and not rules.may_write(broker.site, connect.username, connect.will_topic):
            await ConnackPacket.build(0, int(NOT_AUTHORIZED)).to_stream(out)
            return
        connect.keep_alive += connect.keep_alive // 2  # the grace of MQTT 3.1.1, section 3.1.2.10
        packets.replay(connect.to_bytes())
        await broker.external_connected(packets, out, _LISTENER)
    except (AMQTTError, CodecError, MQTTError, NoDataError, ValueError, OSError, TimeoutError) as error:
        logging.getLogger(__name__).info("connection ended: %r", error)
    finally:
        writer.close()


def _name(writer: asyncio.StreamWriter) -> str:
    """The common name in the client's certificate. The authority writes one name into each, and no other part."""
    subject = writer.get_extra_info("peercert")["subject"]
    return str(dict(part for parts in subject for part in parts)["commonName"])


def tls(ca: str, certificate: str, crl: str) -> ssl.SSLContext:
    """What mosquitto's configuration says, for Python."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(rules.CIPHERS)
    context.load_cert_chain(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_X509_STRICT
    context.load_verify_locations(ca)
    context.load_verify_locations(crl)
    return context


async def serve(site: str, host: str, port: int, context: ssl.SSLContext) -> None:
    """Run the broker on ``port`` of ``host`` until SIGTERM or SIGINT."""
    config = {
        "listeners": {_LISTENER: {"type": "external"}},
        "plugins": {f"{__name__}.LetIn": {}, f"{__name__}.Rules": {"site": site}},
    }
    broker = _SiteBroker(config)
    broker.site = site
    await broker.start()
    entrance = partial(_enter, broker)
    limits = {"ssl_handshake_timeout": _CONNECT_WITHIN_S, "ssl_shutdown_timeout": _CLOSE_WITHIN_S}
    server = await asyncio.start_server(entrance, host, port, ssl=context, **limits)
    stopped = asyncio.Event()
    _on_signals(stopped.set)
    await stopped.wait()
    server.close()
    await broker.shutdown()


def _on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGINT, stop)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    _site, _host, _port, *_files = sys.argv[1:]
    asyncio.run(serve(_site, _host, int(_port), tls(*_files)))
