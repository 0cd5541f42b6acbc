"""The few MQTT 3.1.1 packets that a load needs, as bytes (OASIS MQTT 3.1.1 §2.2, §3.1, §3.3)."""

ACCEPTED = b"\x20\x02\x00\x00"
PUBACK_BYTES = 4
MOST_IDS = 65_535
_PUBLISH_QOS_1 = 0x32
_CONNECT = b"\x10"
_CLEAN_MQTT_311 = b"\x00\x04MQTT\x04\x02\x00\x00"


def connect(client_id: str) -> bytes:
    """CONNECT with a clean session and no keep-alive."""
    rest = _CLEAN_MQTT_311 + _text(client_id.encode())
    return _CONNECT + _length(len(rest)) + rest


def publish(topic: bytes, payload: bytes, packet_id: int) -> bytes:
    """PUBLISH with QoS 1; `packet_id` from 1 to MOST_IDS."""
    length = _length(4 + len(topic) + len(payload))
    return bytes((_PUBLISH_QOS_1,)) + length + _text(topic) + packet_id.to_bytes(2, "big") + payload


def _text(raw: bytes) -> bytes:
    return len(raw).to_bytes(2, "big") + raw


def _length(number: int) -> bytes:
    written = bytearray()
    while True:
        number, low = divmod(number, 128)
        written.append(low | 0x80 if number else low)
        if not number:
            return bytes(written)
