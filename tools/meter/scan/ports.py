"""The lines themselves: a serial port, or a TCP connection. Only a read request of `firmware.wire.modbus` can leave here.

pymodbus's clients would not say where an exchange stopped: a disturbed frame and silence are the same to them. The meter's own
codec says what came, and its requests can only be made for functions 3 and 4.
"""

import errno
import os
import socket
import termios
from collections.abc import Callable
from time import monotonic, sleep

import serial

from firmware.wire import modbus

from ..errors import PortError
from .question import End, Heard, Question, Setting

_CONNECT_S = 3.0
_BABBLE_S = 0.5
_AT_ONCE = 256

Receive = Callable[[int, float], bytes]
"""receive(count, seconds): at least one byte and at most `count`, or none if the time is up."""


class SerialPort:
    """A USB RS-485 adapter. PortError if it cannot be opened, or goes away."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._setting: Setting | None = None
        self._quiet_since = 0.0
        try:
            self._port = serial.Serial(path, exclusive=True)
        except (OSError, termios.error) as error:
            raise PortError(_why_not(path, error)) from None

    def ask(self, question: Question) -> tuple[bytes, bytes, Heard]:
        """Ask, and listen until the answer is there or its time is up: the bytes sent and received, and what they mean."""
        assert question.setting is not None
        request = modbus.RtuRead(question.unit, question.function, question.address, question.count)
        baud = question.setting.baud
        if not self._tune(question.setting):
            return b"", b"", Heard(End.SILENCE, reason=f"the adapter does not speak {question.setting}")
        try:
            sleep(max(0.0, self._quiet_since + modbus.silent_interval_us(baud) / 1e6 - monotonic()))
            self._port.reset_input_buffer()
            self._port.write(request.request)
            deadline = monotonic() + modbus.exchange_us(baud, question.count) / 1e6 + question.wait_s
            received, heard = listen(request, self._receive, deadline)
            if heard.end is End.DISTURBED:
                received += self._drain(modbus.silent_interval_us(baud) / 1e6)
        except (OSError, termios.error) as error:
            raise PortError(_why_not(self._path, error)) from None
        self._quiet_since = monotonic()
        return request.request, received, heard

    def close(self) -> None:
        """Let the port go."""
        self._port.close()

    def _tune(self, setting: Setting) -> bool:
        """Speak in this setting; whether the adapter can."""
        if setting != self._setting:
            self._setting = None
            try:
                self._port.baudrate, self._port.parity = setting.baud, setting.parity
            except (ValueError, termios.error):
                return False
            self._setting = setting
        return True

    def _receive(self, count: int, seconds: float) -> bytes:
        self._port.timeout = seconds
        return bytes(self._port.read(1)) + bytes(self._port.read(min(count - 1, self._port.in_waiting)))

    def _drain(self, silence_s: float) -> bytes:
        """What still comes until the line is silent, or keeps babbling."""
        until, received = monotonic() + _BABBLE_S, b""
        self._port.timeout = max(silence_s, 0.02)
        while (data := bytes(self._port.read(_AT_ONCE))) and monotonic() < until:
            received += data
        return received


class TcpPort:
    """A Modbus TCP device or gateway. PortError if nobody listens there."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._transaction = 0
        self._socket: socket.socket | None = self._connect()

    def ask(self, question: Question) -> tuple[bytes, bytes, Heard]:
        """As SerialPort.ask. After anything but a reply or a refusal the next question gets a fresh connection."""
        self._transaction = (self._transaction + 1) & 0xFFFF
        request = modbus.TcpRead(self._transaction, question.unit, question.function, question.address, question.count)
        line = self._socket = self._socket or self._connect()

        def receive(count: int, seconds: float) -> bytes:
            line.settimeout(seconds)
            try:
                data = line.recv(count)
            except TimeoutError:
                return b""
            if not data:
                raise ConnectionError("the device closes the connection")
            return data

        try:
            line.sendall(request.request)
            received, heard = listen(request, receive, monotonic() + question.wait_s)
        except OSError as error:
            received, heard = request.received, Heard(End.DISTURBED, reason=str(error))
        if heard.end in (End.DISTURBED, End.SILENCE):
            self.close()
        return request.request, received, heard

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        try:
            return socket.create_connection(self._address, _CONNECT_S)
        except OSError as error:
            host, port = self._address
            raise PortError(
                f"{host}:{port}: {error}. Look at the address, and whether Modbus TCP is switched on there"
            ) from None


def listen(request: modbus.RtuRead | modbus.TcpRead, receive: Receive, deadline: float) -> tuple[bytes, Heard]:
    """What comes in answer to a request until `deadline` (of `time.monotonic`): the bytes, and what they mean."""
    received = b""
    try:
        while (left := deadline - monotonic()) > 0:
            data = receive(request.wanted, left)
            received += data
            if (registers := request.feed(data)) is not None:
                return received, Heard(End.REPLY, registers)
    except modbus.ExceptionReply as error:
        return received, Heard(End.REFUSED, code=error.code, reason=str(error))
    except modbus.ModbusError as error:
        return received, Heard(End.DISTURBED, reason=str(error))
    if request.received:
        return received, Heard(End.DISTURBED, reason=f"only {len(request.received)} bytes of a reply")
    late = received[0] if isinstance(request.stray, modbus.WrongUnit) else None
    return received, Heard(End.SILENCE, reason="no answer", late=late)


def _why_not(path: str, error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOENT:
        return f"{path}: there is no such port. Plug the adapter in; `python -m serial.tools.list_ports` lists what is there"
    if number == errno.EACCES:
        return f"{path}: you may not use it. `sudo usermod -aG dialout {os.environ.get('USER', 'YOU')}`, then log in again"
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in str(error):
        return f"{path}: another program has it open. Close that one first"
    return f"{path}: {error}. Look at plug and cable, then run the same command again"
