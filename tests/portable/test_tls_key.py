"""The TLS key: made once, on the device, and another one than the signing key."""

from firmware.hal import fake
from firmware.meter import mqtt_link, tls_key
from firmware.meter.config import Broker, Tls
from firmware.wire import der, mqtt


def refusal(board):
    try:
        tls_key.load(board.files)
    except tls_key.NoTlsKey as error:
        return str(error)
    return ""


def test_the_key_is_made_once():
    board = fake.Board()
    signer = tls_key.signer_of(board)
    assert tls_key.signer_of(board).public == signer.public
    key = tls_key.load(board.files)
    assert key == der.private_key(key[7:39], signer.public)


def test_without_a_key_there_is_no_handshake():
    board = fake.Board()
    for damage in (False, True):
        if damage:
            tls_key.signer_of(board)
            board.files.content["tls-key"] = b"\x00" + board.files.content["tls-key"][1:]
        assert "print the identity" in refusal(board)


def test_a_damaged_key_is_replaced_with_the_next_request():
    board = fake.Board()
    tls_key.signer_of(board)
    board.files.content["tls-key"] = b"damaged"
    signer = tls_key.signer_of(board)
    key = tls_key.load(board.files)
    assert key == der.private_key(key[7:39], signer.public)


def test_the_link_is_opened_with_both_certificates_and_the_key():
    board = fake.Board()
    board.lines = [fake.Stream(lambda _request: [])]
    tls_key.signer_of(board)
    broker = Broker("broker.isle", 8883, "wind-1", "-", Tls(b"ca", b"certificate"))
    link = mqtt_link.MqttLink(board, broker, "wind-1", mqtt.Message("up/state", b""), [], print, print)
    link._open()
    assert board.secured == [("broker.isle", 8883, b"ca", b"certificate", tls_key.load(board.files))]
