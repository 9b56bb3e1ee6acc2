"""The broker where mosquitto cannot be had: amqtt in a process of its own, under the same rules.

    python -m gateway.adapters.amqtt_broker SITE PORT PASSWORD_FILE

amqtt looks a session up by the client's word before it asks who that is, forwards wills unasked, reads packets of any size
and shows retained messages to whoever reconnects. So our own door stands before it: it frames packets, checks the password,
makes the username the client's id, and only then hands the connection over.
"""

# amqtt carries no types
# mypy: disable-error-code="import-untyped, misc"

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from amqtt.adapters import ReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker, RetainedApplicationMessage
from amqtt.contexts import Action
from amqtt.errors import AMQTTError, CodecError, MQTTError, NoDataError
from amqtt.mqtt.connack import BAD_USERNAME_PASSWORD, NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.connect import ConnectPacket
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from . import broker_rules as rules

_CONNECT_WITHIN_S = 10
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
    """The door has asked for the password already."""

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


async def _enter(
    broker: _SiteBroker, site: str, password_file: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """The door: one connection, from its first byte to its last."""
    packets, out = _Packets(reader), StreamWriterAdapter(writer)
    try:
        connect = await asyncio.wait_for(ConnectPacket.from_stream(packets), _CONNECT_WITHIN_S)
        refusal = _refusal(connect, site, password_file)
        if refusal is None:
            connect.client_id = connect.username
            connect.keep_alive += connect.keep_alive // 2  # the grace of MQTT 3.1.1, section 3.1.2.10
            packets.replay(connect.to_bytes())
            await broker.external_connected(packets, out, _LISTENER)
        else:
            await ConnackPacket.build(0, refusal).to_stream(out)
    except (AMQTTError, CodecError, MQTTError, NoDataError, ValueError, OSError, TimeoutError) as error:
        logging.getLogger(__name__).info("connection ended: %r", error)
    finally:
        writer.close()


def _refusal(connect: ConnectPacket, site: str, password_file: Path) -> int | None:
    """CONNACK's return code for a client that is not let in. The file is read each time, so enrolments count at once."""
    line = rules.read_passwords(password_file).get(connect.username or "")
    if line is None or not rules.password_holds(line, connect.password or ""):
        return int(BAD_USERNAME_PASSWORD)
    if connect.will_flag and not rules.may_write(site, connect.username, connect.will_topic):
        return int(NOT_AUTHORIZED)
    return None


async def serve(site: str, port: int, password_file: Path) -> None:
    """Run the broker on ``port`` of 127.0.0.1 until SIGTERM or SIGINT."""
    config = {
        "listeners": {_LISTENER: {"type": "external"}},
        "plugins": {f"{__name__}.LetIn": {}, f"{__name__}.Rules": {"site": site}},
    }
    broker = _SiteBroker(config)
    broker.site = site
    await broker.start()
    server = await asyncio.start_server(partial(_enter, broker, site, password_file), rules.HOST, port)
    stopped = asyncio.Event()
    _on_signals(stopped.set)
    await stopped.wait()
    server.close()
    await broker.shutdown()


def _on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGINT, stop)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)  # mosquitto reads its password file on it


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
