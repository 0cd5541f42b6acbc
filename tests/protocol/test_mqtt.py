"""MQTT packets: golden bytes, and packets that come in any pieces."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import mqtt as packets
from firmware_protocol.mqtt import Answer, Incoming, Kind, NotMqtt, Published

TOPICS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0#+"), min_size=1, max_size=60)
MESSAGES = st.builds(Published, TOPICS, st.binary(max_size=400), st.integers(1, 65_535))


def test_what_we_say_is_what_the_standard_shows() -> None:
    assert packets.connect("ab", keep_alive_s=30) == bytes.fromhex("100e 0004 4d515454 04 02 001e 0002 6162")
    said = bytes.fromhex("1016 0004 4d515454 04 0e 001e 0002 6162 0003 612f62 0001 07")
    assert packets.connect("ab", keep_alive_s=30, will=("a/b", b"\x07")) == said
    assert packets.subscribe(10, ["a/b"]) == bytes.fromhex("8208 000a 0003 612f62 01")
    assert packets.unsubscribe(10, ["a/b"]) == bytes.fromhex("a207 000a 0003 612f62")
    assert packets.publish(10, "a/b", b"\x01", retain=True) == bytes.fromhex("3308 0003 612f62 000a 01")
    assert packets.acknowledge([1, 258]) == bytes.fromhex("4002 0001 4002 0102")
    assert packets.publish(1, "t", bytes(200))[:3] == bytes.fromhex("32 cd 01")


def test_what_a_broker_answers_is_understood() -> None:
    said = bytes.fromhex("20020000 9004 000a 0180 4002 0007 b002 0008 d000")
    assert Incoming().feed(said) == (
        [],
        [
            Answer(Kind.CONNACK, 0, b"\0\0"),
            Answer(Kind.SUBACK, 10, b"\x01\x80"),
            Answer(Kind.PUBACK, 7, b""),
            Answer(Kind.UNSUBACK, 8, b""),
            Answer(Kind.PINGRESP, 0, b""),
        ],
    )


@given(st.lists(MESSAGES, max_size=8), st.data())
def test_messages_come_out_whole_however_they_are_cut(messages: list[Published], data: st.DataObject) -> None:
    raw = b"".join(packets.publish(one.packet_id, one.topic, one.payload) for one in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    incoming = Incoming()
    heard = [
        one
        for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)
        for one in incoming.feed(raw[start:end])[0]
    ]
    assert heard == messages


def test_a_message_that_wants_no_acknowledgement_has_no_packet_id() -> None:
    assert Incoming().feed(bytes.fromhex("3004 0001 74 ff")) == ([Published("t", b"\xff", 0)], [])


@pytest.mark.parametrize(
    ("what", "raw"),
    [
        ("QoS 2", "3406 0001 74 0001 ff"),
        ("a topic longer than its packet", "3204 0009 7400"),
        ("a topic without its length", "320100"),
        ("a topic that is no text", "3205 0001 ff 0001"),
        ("a kind that brokers do not send", "e000"),
        ("a CONNACK cut short", "200100"),
        ("a SUBACK without codes", "9002 0001"),
        ("a length of five bytes", "32ffffffff01"),
        ("a packet larger than any of ours", "32ffffff7f"),
    ],
)
def test_what_no_broker_may_send_is_refused(what: str, raw: str) -> None:
    with pytest.raises(NotMqtt):
        Incoming().feed(bytes.fromhex(raw))


@given(st.binary(max_size=200))
def test_hostile_bytes_are_understood_or_refused_and_nothing_else(raw: bytes) -> None:
    with suppress(NotMqtt):
        Incoming().feed(raw)
