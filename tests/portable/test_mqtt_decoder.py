from firmware.wire import mqtt
from firmware.wire.mqtt_decoder import Connack, Decoder, MqttError, Pingresp, Puback, Publish, Suback

STREAM = bytes.fromhex("20020100" + "9004000a0180" + "40021234" + "d000") + mqtt.publish(mqtt.Message("a/b", b"x" * 200, 1), 7)


def packets(data, max_packet=1000):
    return list(Decoder(max_packet).feed(data))


def one(hexadecimal):
    (packet,) = packets(bytes.fromhex(hexadecimal))
    return packet


def refuses(hexadecimal, max_packet=1000):
    try:
        packets(bytes.fromhex(hexadecimal), max_packet)
    except MqttError:
        return True
    return False


def test_connack():
    accepted = one("20020000")
    assert isinstance(accepted, Connack)
    assert (accepted.refusal, accepted.session_present) == (None, False)
    assert one("20020100").session_present
    for code in range(1, 6):
        assert one(f"200200{code:02x}").refusal
    assert "password" in one("20020004").refusal


def test_connack_that_breaks_the_standard():
    for hexadecimal in ("20020101", "20020006", "20020200", "200100", "2003000000", "21020000"):
        assert refuses(hexadecimal), hexadecimal


def test_suback():
    packet = one("9005000a018000")
    assert isinstance(packet, Suback)
    assert (packet.packet_id, packet.granted) == (10, [1, None, 0])
    for hexadecimal in ("9002000a", "9003000001", "9003000a02", "9003000a81", "900100", "9203000a01"):
        assert refuses(hexadecimal), hexadecimal


def test_puback():
    packet = one("40021234")
    assert isinstance(packet, Puback)
    assert packet.packet_id == 0x1234
    for hexadecimal in ("40020000", "400101", "4003000100", "42020001"):
        assert refuses(hexadecimal), hexadecimal


def test_pingresp():
    assert isinstance(one("d000"), Pingresp)
    assert refuses("d00100")
    assert refuses("d100")


def test_publish():
    for message, packet_id, dup in (
        (mqtt.Message("a/b", b"payload"), 0, False),
        (mqtt.Message("a", b"", 0, True), 0, False),
        (mqtt.Message("\u00e9\U0001f300", b"\x00", 1), 65535, False),
        (mqtt.Message("a/b", bytes(300), 1, True), 1, True),
    ):
        (packet,) = packets(mqtt.publish(message, packet_id, dup))
        assert isinstance(packet, Publish)
        assert (packet.packet_id, packet.dup) == (packet_id, dup)
        got = packet.message
        assert (got.topic, got.payload, got.qos, got.retain) == (message.topic, message.payload, message.qos, message.retain)


def test_publish_that_breaks_the_standard():
    for hexadecimal, fault in (
        ("34050001610001", "QoS 2"),
        ("36050001610001", "QoS 3"),
        ("3803000161", "QoS 0 marked as a repetition"),
        ("32050001610000", "packet id 0"),
        ("3203000161", "no packet id"),
        ("3204" + "00016100", "half a packet id"),
        ("30020000", "no topic"),
        ("3000", "no topic length"),
        ("30020001", "topic cut off"),
        ("3003000123", "wildcard #"),
        ("300400022b2f", "wildcard +"),
        ("3003000100", "U+0000"),
        ("30030001ff", "no UTF-8"),
        ("30040002c0af", "overlong UTF-8"),
        ("30050003eda080", "a surrogate"),
    ):
        assert refuses(hexadecimal), fault


def test_packets_that_are_not_for_a_client():
    for kind in (0, 1, 5, 6, 7, 8, 10, 11, 12, 14, 15):
        assert refuses(f"{kind:x}0020001"), kind


def kinds(stream):
    return [type(packet) for packet in stream]


def test_the_stream_in_pieces_of_every_size():
    expected = [Connack, Suback, Puback, Pingresp, Publish]
    assert kinds(packets(STREAM)) == expected
    for size in (1, 2, 3, 5, 7, 100):
        decoder = Decoder(1000)
        found = []
        for at in range(0, len(STREAM), size):
            found += kinds(decoder.feed(STREAM[at : at + size]))
        assert found == expected, size


def test_packets_left_by_a_caller_that_stopped_come_next_time():
    decoder = Decoder(1000)
    for packet in decoder.feed(STREAM):
        assert isinstance(packet, Connack)
        break
    assert kinds(decoder.feed(b"")) == [Suback, Puback, Pingresp, Publish]


def test_what_came_before_the_fault_is_delivered_and_nothing_after():
    decoder = Decoder(1000)
    found = []
    try:
        for packet in decoder.feed(bytes.fromhex("d000" + "f000" + "d000")):
            found.append(packet)
    except MqttError:
        found.append(None)
    assert [packet is None for packet in found] == [False, True]
    try:
        list(decoder.feed(b"\xd0\x00"))
    except MqttError:
        found.append(None)
    assert len(found) == 3


def test_the_longest_packet_and_one_byte_more():
    packet = mqtt.publish(mqtt.Message("a", bytes(90)))
    assert kinds(Decoder(len(packet)).feed(packet)) == [Publish]
    decoder = Decoder(len(packet) - 1)
    try:
        # the header alone tells: nothing of the body is waited for
        list(decoder.feed(packet[:2]))
    except MqttError:
        return
    raise AssertionError("taken")


def test_a_length_of_more_than_four_bytes():
    for hexadecimal in ("30ffffff", "30ffffff7f"):
        assert packets(bytes.fromhex(hexadecimal), 1 << 40) == []
    for hexadecimal in ("30ffffffff", "30ffffffff01"):
        assert refuses(hexadecimal, 1 << 40)
