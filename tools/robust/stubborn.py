"""A meter that sends each of its certificates until it has a receipt, whatever becomes of line, broker and gateway."""

import ssl
import threading
import time

from firmware.wire import mqtt, receipt, topics
from firmware.wire.fields import WireError
from firmware.wire.mqtt_decoder import Decoder, Packet, Publish
from tools.loadtest.fleet import SITE, Meter
from tools.loadtest.station import dial

_WINDOW = 20
_PAUSE_S, _READ_S, _AGAIN_S = 0.05, 0.02, 2.0


class Stubborn:
    """Works in a thread of its own.

    Attributes:
        receipts: by number. What is here once stays.
        contradictions: receipts that did not hold, or were not the same the second time.
    """

    def __init__(self, meter: Meter, context: ssl.SSLContext, host: str, port: int, gateway_key: bytes) -> None:
        """``gateway_key``: whose receipts it believes, 64 bytes."""
        self.meter = meter
        self.receipts: dict[int, bytes] = {}
        self.contradictions: list[str] = []
        self._context = context
        self._address = host, port
        self._verifier = receipt.Verifier(SITE, gateway_key)
        self._topic = topics.up(SITE, meter.name, "cert")
        self._first = 1
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name=meter.name)

    @property
    def done(self) -> bool:
        """Whether it has a receipt for everything."""
        return len(self.receipts) == len(self.meter.certificates)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up."""
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                with dial(self._context, *self._address, self.meter.name) as line:
                    line.settimeout(_READ_S)
                    self._talk(line)
            except OSError:
                self._stopping.wait(_PAUSE_S)

    def _talk(self, line: ssl.SSLSocket) -> None:
        """Until the line breaks: OSError."""
        decoder, waiting, heard = Decoder(1 << 14), set[int](), time.monotonic()
        while not self._stopping.is_set():
            if time.monotonic() > heard + _AGAIN_S:
                waiting.clear()
                heard = time.monotonic()
            self._send(line, waiting)
            try:
                data = line.recv(1 << 16)
            except TimeoutError:
                continue
            if not data:
                raise ConnectionResetError
            for packet in decoder.feed(data):
                number = self._take(packet)
                if number is not None:
                    waiting.discard(number)
                    heard = time.monotonic()

    def _send(self, line: ssl.SSLSocket, waiting: set[int]) -> None:
        """As many as the window has room for, the oldest without a receipt first."""
        while self._first in self.receipts:
            self._first += 1
        last = min(self._first + _WINDOW, len(self.meter.certificates) + 1)
        for number in range(self._first, last):
            if number not in self.receipts and number not in waiting:
                waiting.add(number)
                line.sendall(
                    mqtt.publish(mqtt.Message(self._topic, self.meter.certificates[number - 1], 1), number % 65535 + 1)
                )

    def _take(self, packet: Packet) -> int | None:
        """The number of the certificate that it is a receipt for."""
        if not isinstance(packet, Publish) or not packet.message.topic.endswith("/receipt"):
            return None
        _, number, proof = receipt.unwrap(packet.message.payload)
        try:
            self._verifier.check(proof, self.meter.certificates[number - 1])
        except WireError as error:
            self.contradictions.append(f"{self.meter.name} {number}: {error}")
        if self.receipts.setdefault(number, proof) != proof:
            self.contradictions.append(f"{self.meter.name} {number}: another receipt than before")
        return number
