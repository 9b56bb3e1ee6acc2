"""A shadow centre that takes certificates and events and gives receipts, and a broker that can be switched off."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from blockchain_iface import tied
from blockchain_iface.signatures import KeySigner
from firmware.wire import certificate, cose, event, gap, proof, receipt, topics
from gateway.adapters.broker import find_mosquitto, free_port

SITE, METER = "isle", "wind-1"
CERTIFICATES, EVENTS = topics.up(SITE, METER, "cert"), topics.up(SITE, METER, "event")
HOST = "127.0.0.1"
_RETRY_S = 0.05
DEPTH = 20  # of the ledger's tree: a million entries, so receipts are as long as after years


class Centre:
    """Broker and centre.

    Attributes:
        port: the broker's.
        certificates: what was received, by sequence number.
        given_up: what the meter has given up for lack of room, as its signed events say, by sequence number.
        complete: the number up to which each was received or given up.
        answering: whether it gives receipts.
        debt: the most certificates that were missing at a time.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` takes the broker's configuration and log."""
        self.port = free_port()
        self.certificates: dict[int, bytes] = {}
        self.given_up: dict[int, gap.Gap] = {}
        self.answering = True
        self.complete = self.debt = 0
        self.signer = KeySigner(ec.generate_private_key(ec.SECP256R1()))
        self._newest = 0
        self._folder = folder
        self._path = [os.urandom(32) for _ in range(DEPTH)]
        self._broker: subprocess.Popen[bytes] | None = None
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(_RETRY_S, _RETRY_S)  # type: ignore[arg-type]  # it waits for fractions, too
        self._client.on_connect = lambda client, *_: client.subscribe([(CERTIFICATES, 1), (EVENTS, 1)])
        self._client.on_message = lambda _client, _data, message: self._take(message.topic, bytes(message.payload))

    @property
    def chained(self) -> int:
        """How many certificates were received up to ``complete``."""
        return self.complete - sum(seq <= self.complete for seq in self.given_up)

    def open(self) -> None:
        """Switch the broker on, and listen to it whenever it is on. RuntimeError if there is none."""
        self.start()
        self._client.connect_async(HOST, self.port)
        self._client.loop_start()

    def close(self) -> None:
        """Switch all off."""
        self._client.loop_stop()
        self.stop()

    def start(self) -> None:
        """Switch the broker on."""
        mosquitto = find_mosquitto()
        if mosquitto is None:
            raise RuntimeError("the soak needs mosquitto; set-up installs it where it may")
        configuration = self._folder / "broker.conf"
        configuration.write_text(f"listener {self.port} {HOST}\nallow_anonymous true\n", encoding="ascii")
        command = [sys.executable, "-I", str(tied.__file__), str(os.getpid()), mosquitto, "-c", str(configuration)]
        with (self._folder / "broker.log").open("ab") as log:
            self._broker = subprocess.Popen(command, stdout=log, stderr=log)

    def stop(self) -> None:
        """Switch the broker off, as a power cut does. Once more does nothing."""
        if self._broker is not None:
            self._broker.kill()
            self._broker.wait()
            self._broker = None

    def _take(self, topic: str, data: bytes) -> None:
        payload = cose.parse(data).payload
        if topic == EVENTS:
            body = event.decode(payload)
            kind, number = receipt.EVENT, body.number
            if body.kind == event.GAP:
                self._excuse(gap.decode(body.details))
        else:
            kind, number = receipt.CERTIFICATE, certificate.decode(payload).seq
            self._note(number, data)
        if self.answering:
            with suppress(ValueError):  # the link went down meanwhile; the meter will send it again
                self._client.publish(topics.down(SITE, METER, "receipt"), self._receipt(kind, number, data), 1)

    def _excuse(self, hole: gap.Gap) -> None:
        missing = [seq for seq in range(hole.first, hole.last + 1) if seq not in self.certificates]
        self.given_up.update(dict.fromkeys(missing, hole))
        self._advance()

    def _note(self, seq: int, data: bytes) -> None:
        self.certificates[seq] = data
        self.given_up.pop(seq, None)
        self._newest = max(self._newest, seq)
        self._advance()
        self.debt = max(self.debt, self._newest - len(self.certificates))

    def _advance(self) -> None:
        while self.complete + 1 in self.certificates or self.complete + 1 in self.given_up:
            self.complete += 1

    def _receipt(self, kind: int, number: int, data: bytes) -> bytes:
        size = 1 << DEPTH
        root = proof.root_from_path(proof.leaf_hash(data), 0, size, self._path)
        head = receipt.sign_head(self.signer, SITE, root)
        return receipt.wrap(kind, number, receipt.encode(self.signer.kid, SITE, size, 0, self._path, head))

    def check_chain(self) -> None:
        """AssertionError unless the complete certificates are one chain: no id, no Wh and no second is missing.

        Where some were given up, their signed event says what lies between.
        """
        previous, end = None, None
        for seq in range(1, self.complete + 1):
            if seq not in self.certificates:
                hole = self.given_up[seq]
                previous, end = None, (hole.closing, hole.end) if seq == hole.last else None
                continue
            statement = cose.parse(self.certificates[seq])
            body = certificate.decode(statement.payload)
            follows = body.prev == previous or (seq > 1 and previous is None)
            assert follows, f"certificate {seq} does not follow its predecessor"
            assert end is None or (body.opening, body.t0) == end, f"a hole before certificate {seq}"
            previous, end = statement.id, (body.closing, body.end)
