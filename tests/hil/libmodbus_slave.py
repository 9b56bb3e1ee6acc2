"""A Modbus slave by libmodbus, which is not ours: every register holds its own address, so that a wrong one cannot hide.

python libmodbus_slave.py tcp            prints the port it listens on
python libmodbus_slave.py rtu PATH       on a serial port at 115,200 baud
"""

import socket
import sys
from ctypes import CDLL, POINTER, Structure, byref, c_char, c_char_p, c_int, c_uint8, c_uint16, c_void_p, create_string_buffer
from typing import Any

LIBRARY = "libmodbus.so.5"
FIRST, COUNT = 40_000, 500
LONGEST = 260


class Mapping(Structure):
    """modbus_mapping_t (modbus.h of libmodbus 3.1)."""

    _fields_ = [
        *[(name, c_int) for name in ("nb_bits", "start_bits", "nb_input_bits", "start_input_bits")],
        *[(name, c_int) for name in ("nb_input_registers", "start_input_registers", "nb_registers", "start_registers")],
        *[(name, POINTER(c_uint8)) for name in ("tab_bits", "tab_input_bits")],
        *[(name, POINTER(c_uint16)) for name in ("tab_input_registers", "tab_registers")],
    ]


def load() -> CDLL:
    library = CDLL(LIBRARY)
    library.modbus_new_tcp.restype = library.modbus_new_rtu.restype = c_void_p
    library.modbus_new_tcp.argtypes = [c_char_p, c_int]
    library.modbus_new_rtu.argtypes = [c_char_p, c_int, c_char, c_int, c_int]
    library.modbus_mapping_new_start_address.restype = POINTER(Mapping)
    library.modbus_set_slave.argtypes = [c_void_p, c_int]
    library.modbus_tcp_listen.argtypes = [c_void_p, c_int]
    library.modbus_tcp_accept.argtypes = [c_void_p, POINTER(c_int)]
    library.modbus_connect.argtypes = [c_void_p]
    library.modbus_receive.argtypes = [c_void_p, c_char_p]
    library.modbus_reply.argtypes = [c_void_p, c_char_p, c_int, POINTER(Mapping)]
    return library


def bank(library: CDLL) -> Any:
    made = library.modbus_mapping_new_start_address(0, 0, 0, 0, FIRST, COUNT, FIRST, COUNT)
    for offset in range(COUNT):
        made.contents.tab_registers[offset] = FIRST + offset
        made.contents.tab_input_registers[offset] = FIRST + offset
    return made


def main(kind: str, *path: str) -> None:
    library = load()
    registers = bank(library)
    if kind == "tcp":
        context = library.modbus_new_tcp(b"127.0.0.1", 0)
        listening = library.modbus_tcp_listen(context, 1)
        listener = socket.socket(fileno=listening)
        print(listener.getsockname()[1], flush=True)
        listener.detach()  # it stays the library's
        library.modbus_tcp_accept(context, byref(c_int(listening)))
    else:
        context = library.modbus_new_rtu(path[0].encode(), 115_200, b"N", 8, 1)
        library.modbus_set_slave(context, 1)
        assert library.modbus_connect(context) == 0
        print("open", flush=True)
    request = create_string_buffer(LONGEST)
    while (length := library.modbus_receive(context, request)) >= 0:
        if length:
            library.modbus_reply(context, request, length, registers)


if __name__ == "__main__":
    main(*sys.argv[1:])
