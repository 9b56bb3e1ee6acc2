from firmware.wire import mqtt
from firmware.wire.fields import RangeError
from firmware.wire.mqtt import Message


def refuses(call, *arguments):
    try:
        call(*arguments)
    except RangeError:
        return True
    return False


def test_connect_in_its_shortest_form():
    assert mqtt.connect("", 0, True).hex() == "100c00044d5154540402" + "0000" + "0000"


def test_connect_with_everything():
    will = Message("w", b"\x00\xff", 1, True)
    packet = mqtt.connect("wind-1", 30, False, "user", "pass", will)
    head = b"\x00\x04MQTT\x04\xec\x00\x1e"
    body = head + b"\x00\x06wind-1" + b"\x00\x01w\x00\x02\x00\xff" + b"\x00\x04user\x00\x04pass"
    assert packet == bytes([0x10, len(body)]) + body


def test_connect_flags():
    def flags(**arguments):
        return mqtt.connect("a", 0, arguments.pop("clean", False), **arguments)[9]

    assert flags() == 0
    assert flags(clean=True) == 0x02
    assert flags(username="u") == 0x80
    assert flags(username="u", password="") == 0xC0
    assert flags(will=Message("w", b"")) == 0x04
    assert flags(will=Message("w", b"", 1)) == 0x0C
    assert flags(will=Message("w", b"", 0, True)) == 0x24


def test_connect_that_breaks_the_standard():
    assert refuses(mqtt.connect, "", 0, False)
    assert refuses(mqtt.connect, "a", 65536, True)
    assert refuses(mqtt.connect, "a", 0, True, None, "secret")
    assert refuses(mqtt.connect, "a\0", 0, True)
    assert refuses(mqtt.connect, "a", 0, True, None, None, Message("w", b"", 2))
    assert refuses(mqtt.connect, "a", 0, True, None, None, Message("w/#", b""))
    assert refuses(mqtt.connect, "a", 0, True, None, None, Message("w", bytes(65536)))


def test_connect_as_a_client_of_too_long_a_name():
    assert refuses(mqtt.connect, "a" * 65536, 0, True)


def test_publish():
    assert mqtt.publish(Message("a/b", b"xy")).hex() == "3007" + "0003612f62" + "7879"
    assert mqtt.publish(Message("a/b", b"", 0, True)).hex() == "3105" + "0003612f62"
    assert mqtt.publish(Message("a/b", b"x", 1), 0x1234).hex() == "3208" + "0003612f62" + "1234" + "78"
    assert mqtt.publish(Message("a/b", b"x", 1, True), 1, True).hex() == "3b08" + "0003612f62" + "0001" + "78"


def test_publish_of_text_beyond_ascii():
    assert mqtt.publish(Message("\u00e9", b"")) == b"\x30\x04\x00\x02\xc3\xa9"


def test_publish_that_breaks_the_standard():
    for topic in ("", "a/+", "#", "a\0b"):
        assert refuses(mqtt.publish, Message(topic, b""))
    assert refuses(mqtt.publish, Message("a", b"", 2), 1)
    assert refuses(mqtt.publish, Message("a", b"", 1))
    assert refuses(mqtt.publish, Message("a", b"", 1), 65536)
    assert refuses(mqtt.publish, Message("a", b""), 1)
    assert refuses(mqtt.publish, Message("a", b""), 0, True)


def test_lengths_at_the_edges_of_their_encoding():
    # a packet's remaining length is the payload plus 3 bytes for the topic "a"
    for length, encoded in ((127, "7f"), (128, "8001"), (16383, "ff7f"), (16384, "808001")):
        packet = mqtt.publish(Message("a", bytes(length - 3)))
        assert packet[1 : 1 + len(encoded) // 2].hex() == encoded
        assert len(packet) == 1 + len(encoded) // 2 + length


def test_a_body_beyond_the_longest_packet():
    class Endless(bytes):
        def __len__(self):
            return 1 << 28

    assert refuses(mqtt._packet, 0x30, Endless())


def test_puback():
    assert mqtt.puback(0xABCD).hex() == "4002abcd"
    assert refuses(mqtt.puback, 0)
    assert refuses(mqtt.puback, 65536)


def test_subscribe():
    assert mqtt.subscribe(10, [("a/b", 1), ("c/#", 0)]).hex() == "820e000a" + "0003612f6201" + "0003632f2300"
    assert refuses(mqtt.subscribe, 0, [("a", 1)])
    assert refuses(mqtt.subscribe, 1, [])
    assert refuses(mqtt.subscribe, 1, [("", 1)])
    assert refuses(mqtt.subscribe, 1, [("a", 2)])


def test_packets_without_a_body():
    assert mqtt.PINGREQ.hex() == "c000"
    assert mqtt.DISCONNECT.hex() == "e000"
