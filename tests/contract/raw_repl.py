"""A board for tests: MicroPython's unix port with the raw REPL that a board's serial line has, on its own input and output.

    micropython raw_repl.py

Raw mode and raw paste mode as in MicroPython's documentation, "The MicroPython Interactive Interpreter Mode (aka REPL)".
"""

import io
import sys

_ENTER, _EXIT, _INTERRUPT, _RUN = b"\x01", b"\x02", b"\x03", b"\x04"
_PASTE = b"\x05"
_BANNER = b"raw REPL; CTRL-B to exit\r\n>"
_WINDOW = 128
_in, _out = sys.stdin.buffer, sys.stdout.buffer
_globals = {"__name__": "__main__"}


def _say(data):
    _out.write(data)


def _paste():
    """Code, in windows of bytes that the sender may not exceed."""
    _say(b"R\x01" + bytes((_WINDOW, 0)) + b"\x01")
    code, left = bytearray(), 2 * _WINDOW
    while (byte := _in.read(1)) != _RUN:
        code += byte
        left -= 1
        if left == _WINDOW:
            left += _WINDOW
            _say(b"\x01")
    _say(b"\x04")
    return bytes(code)


def _run(code):
    complaint = io.StringIO()
    try:
        exec(code, _globals)  # noqa: S102 - it is what a board does
    except Exception as error:
        sys.print_exception(error, complaint)
    _say(b"\x04" + complaint.getvalue().encode() + b"\x04>")


def serve():
    """Serve until the line is hung up."""
    code = b""
    while byte := _in.read(1):
        if byte == _ENTER:
            code = b""
            _say(_BANNER)
        elif byte in (_EXIT, _INTERRUPT):
            code = b""
        elif byte == _PASTE:
            _in.read(2)
            _run(_paste())
        elif byte == _RUN:
            _say(b"OK")
            _run(code)
            code = b""
        else:
            code += byte


serve()
