"""Certificates made ahead, of four readings each and chained as the firmware chains them; all cores help."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from cryptography.hazmat.primitives.asymmetric import ec

from blockchain_iface.signatures import KeySigner
from firmware.wire import certificate, clock
from firmware.wire.certificate import Certificate
from firmware.wire.steps import finish

READINGS, READING_S = 4, 15
_WH = 4
_CLOCK = clock.ClockQuality(clock.HOST, 100, 0)
Order = tuple[str, str, int, int, int, int]
"""Site, meter, its secret key as a number, how many certificates, Unix second of the first, seconds of a reading."""


def chain(order: Order) -> list[bytes]:
    """The certificates of one meter, numbers 1, 2, 3, ... in order."""
    site, meter, secret, count, t0, reading_s = order
    row = (_WH, 0, 3600 * _WH // reading_s, 2300, 0, None, 0)
    signer = KeySigner(ec.derive_private_key(secret, ec.SECP256R1()))
    made, previous, register = [], None, 0
    for number in range(1, count + 1):
        closing = register + READINGS * _WH
        body = Certificate(number, 1, previous, _CLOCK, t0, reading_s, (register, 0), [row] * READINGS, (closing, 0), 0)
        statement = finish(certificate.issue_steps(signer, site, meter, body))
        made.append(statement.data)
        previous, register, t0 = statement.id, closing, t0 + READINGS * reading_s
    return made


def chains(orders: list[Order]) -> Iterator[list[bytes]]:
    """``chain`` of each order, in turn."""
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        yield from pool.map(chain, orders, chunksize=8)
