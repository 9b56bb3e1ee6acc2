"""The connection to the broker: kept up for ever, never waited for. The broker's absence is a normal state of a meter.

The session is clean: what the meter must not lose lies on its flash, and receipts, not the broker, say what has arrived.
"""

import asyncio
import errno

from ..wire import mqtt, mqtt_decoder
from ..wire.fields import WireError
from . import tls_key
from .config import Broker
from .deadline import Late, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..hal.interface import Board, Stream

_PATIENCE_S = 5  # for connecting and for every write
_HANDSHAKE_S = 8  # for connecting with TLS, of which an ESP32 computes some two
_KEEPALIVE_S = 30
_PING_S = 15  # of silence; two such pauses and we give the broker up
_MAX_PACKET = 8192  # bytes; the longest we expect is a receipt
_PIECE = 1024
_FIRST_PAUSE_MS = 500
_LONGEST_PAUSE_MS = 10000


class MqttLink:
    """An MQTT client for one meter.

    Attributes:
        connected: subscribed and free to publish.
        last_error: why the last connection ended, in words; None at first.
    """

    def __init__(
        self,
        board: "Board",
        broker: Broker,
        client_id: str,
        will: mqtt.Message,
        topics: "list[str]",
        on_message: "Callable[[mqtt.Message], Awaitable[None]]",
        on_change: "Callable[[], None]",
    ) -> None:
        """``on_message`` is awaited for every message on ``topics``, ``on_change`` called when the link came up, went
        down, or cannot come up for another reason than last time.

        While a message is being taken no other is read: who sends faster than we can check is held up by TCP.
        """
        self.connected = False
        self.last_error: str | None = None
        self._board = board
        self._broker = broker
        self._connect = mqtt.connect(client_id, _KEEPALIVE_S, True, broker.username, broker.password, will)
        self._topics = [(topic, 1) for topic in topics]
        self._on_message = on_message
        self._on_change = on_change
        self._stream: Stream | None = None
        self._broken = False
        self._writing = asyncio.Lock()
        self._packet_id = 0

    async def run(self) -> None:
        """Connect, serve, connect again. Never returns."""
        pause = _FIRST_PAUSE_MS
        while True:
            before = self.last_error
            try:
                await self._serve()
            except (OSError, WireError) as error:
                self.last_error = str(error)
            if self.connected:
                pause = _FIRST_PAUSE_MS
            news = self.connected or self.last_error != before
            await self._hang_up()
            if news:
                self._on_change()
            # meters that lost the same broker must not all come back at once
            await asyncio.sleep((pause + pause * self._board.random(1)[0] // 512) / 1000)
            pause = min(2 * pause, _LONGEST_PAUSE_MS)

    async def publish(self, message: mqtt.Message) -> None:
        """Hand ``message`` to the broker. OSError if there is no link; it was perhaps not sent then."""
        await self._write(mqtt.publish(message, self._next_id() if message.qos else 0))

    async def _serve(self) -> None:
        self._broken = False
        self._stream = self._open()
        decoder = mqtt_decoder.Decoder(_MAX_PACKET)
        await self._write(self._connect, _HANDSHAKE_S if self._broker.tls else _PATIENCE_S)
        pinged = False
        while not self._broken:
            try:
                data = await within(_PING_S if self.connected else _PATIENCE_S, self._stream.read(_PIECE))
            except Late:
                if pinged or not self.connected:
                    raise
                await self._write(mqtt.PINGREQ)
                pinged = True
                continue
            if not data:
                raise OSError(errno.ECONNRESET, "the broker closed the connection")
            pinged = False
            for packet in decoder.feed(data):
                await self._take(packet)

    def _open(self) -> "Stream":
        host, port, tls = self._broker.host, self._broker.port, self._broker.tls
        if tls is None:
            return self._board.open_tcp(host, port)
        return self._board.open_tls(host, port, tls.ca, tls.certificate, tls_key.load(self._board.files))

    async def _take(self, packet: mqtt_decoder.Packet) -> None:
        if isinstance(packet, mqtt_decoder.Connack):
            if packet.refusal:
                raise OSError(errno.EACCES, packet.refusal)
            await self._write(mqtt.subscribe(self._next_id(), self._topics))
        elif isinstance(packet, mqtt_decoder.Suback):
            if None in packet.granted:
                raise OSError(errno.EACCES, "the broker refuses the subscription")
            self.connected = True
            self._on_change()
        elif isinstance(packet, mqtt_decoder.Publish):
            if packet.packet_id:
                await self._write(mqtt.puback(packet.packet_id))
            await self._on_message(packet.message)

    async def _write(self, data: bytes, patience_s: "float | None" = None) -> None:
        async with self._writing:
            if self._stream is None or self._broken:
                raise OSError(errno.ENOTCONN, "no link to the broker")
            try:
                await within(patience_s or _PATIENCE_S, self._stream.write(data))
            except OSError:
                # half a packet may have gone out: nothing may follow it
                self._broken = True
                raise

    async def _hang_up(self) -> None:
        self.connected = False
        async with self._writing:
            if self._stream is not None:
                self._stream.close()
                self._stream = None

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % 0xFFFF + 1
        return self._packet_id
