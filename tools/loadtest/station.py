"""One meter's connection to the broker: what it sends and when, and what comes back. Nothing here waits."""

import socket
import ssl
from time import perf_counter

from firmware.wire import mqtt, receipt, topics
from firmware.wire.mqtt_decoder import Decoder, Publish, Suback

from .fleet import SITE, Meter

_PIECE = 65536
_MAX_PACKET = 16384
_KEEPALIVE_S = 600
_PATIENCE_S = 20.0


def dial(context: ssl.SSLContext, host: str, port: int, meter: str) -> ssl.SSLSocket:
    """A meter's line to the broker, which it has asked for all that goes to the meter. OSError if nobody is there."""
    line = socket.create_connection((host, port), _PATIENCE_S)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    secured = context.wrap_socket(line, server_hostname=host)
    down = f"{topics.ROOT}/{SITE}/{meter}/down/#"
    secured.sendall(mqtt.connect(meter, _KEEPALIVE_S, True) + mqtt.subscribe(1, [(down, 1)]))
    return secured


class Station:
    """A meter on the broker.

    Attributes:
        sent: when each of its certificates was sent first, by number, on the clock of perf_counter.
        received: when the first receipt for each came.
        delays: seconds from sending to receipt, in the order of the receipts.
        last: the newest receipt: number and bytes.
    """

    def __init__(self, meter: Meter, context: ssl.SSLContext, host: str, port: int) -> None:
        """Connect, and ask to be let in; ``enter`` says whether that worked. OSError if nobody is there."""
        self.meter = meter
        self.sent: dict[int, float] = {}
        self.received: dict[int, float] = {}
        self.delays: list[float] = []
        self.last = (0, b"")
        self._topic = topics.up(SITE, meter.name, "cert")
        self._decoder = Decoder(_MAX_PACKET)
        self._out = bytearray()
        self._line = dial(context, host, port, meter.name)

    def enter(self) -> None:
        """Wait until the broker has taken the subscription. OSError if it does not."""
        while not any(isinstance(packet, Suback) for packet in self._decoder.feed(self._read())):
            pass
        self._line.setblocking(False)

    def fileno(self) -> int:
        """For the selector."""
        return self._line.fileno()

    @property
    def waiting(self) -> int:
        """Certificates that were sent and have no receipt."""
        return len(self.sent) - len(self.received)

    def send(self, number: int = 0) -> None:
        """Send certificate ``number``, or the next one."""
        number = number or len(self.sent) + 1
        message = mqtt.Message(self._topic, self.meter.certificates[number - 1], 1)
        self._out += mqtt.publish(message, number)
        self.sent.setdefault(number, perf_counter())
        self.flush()

    def flood(self, payloads: list[bytes], first: int) -> bool:
        """Send what is no certificate of the chain; False if the line takes no more at the moment."""
        if self._out:
            self.flush()
            return False
        for number, payload in enumerate(payloads, first):
            self._out += mqtt.publish(mqtt.Message(self._topic, payload, 1), number % 0xFFFF + 1)
        self.flush()
        return True

    def flush(self) -> None:
        """Hand to the line what it takes."""
        try:
            while self._out:
                del self._out[: self._line.send(self._out)]
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return

    def receive(self) -> int:
        """Take in what has come: how many receipts of certificates that had none. OSError if the broker has hung up."""
        try:
            data = self._read()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        now, before = perf_counter(), len(self.received)
        for packet in self._decoder.feed(data):
            if isinstance(packet, Publish):
                # it goes out with the next certificate
                self._out += mqtt.puback(packet.packet_id)
                self._note(packet.message, now)
        return len(self.received) - before

    def _read(self) -> bytes:
        data = self._line.recv(_PIECE)
        if not data:
            raise ConnectionResetError(f"the broker has cut {self.meter.name} off")
        return data

    def _note(self, message: mqtt.Message, now: float) -> None:
        if message.topic.endswith("/receipt"):
            _, number, proof = receipt.unwrap(message.payload)
            if number not in self.received and number in self.sent:
                self.received[number] = now
                self.delays.append(now - self.sent[number])
            self.last = number, proof

    def close(self) -> None:
        """Hang up."""
        self._line.close()
