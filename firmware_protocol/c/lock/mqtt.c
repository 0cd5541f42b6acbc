#include "mqtt.h"

#include <string.h>

#include "mqtt_stream.h"

enum { CONNECT = 0x10, CONNACK = 0x20, PUBLISH = 0x30, PUBACK = 0x40, SUBSCRIBE = 0x82, SUBACK = 0x90, PINGREQ = 0xC0 };
enum { QOS1 = 0x02, PATIENCE_MS = 5000 };

/* A packet in the making: the head is written in front of what follows, once its length is known. */
struct packet {
    uint8_t bytes[ANMEN_FRAME_MAX + 256];
    size_t used;
};

#define FRONT 5u

static void put(struct packet *packet, const void *at, size_t length)
{
    memcpy(packet->bytes + packet->used, at, length);
    packet->used += length;
}

static void put_number(struct packet *packet, size_t number)
{
    uint8_t two[2] = {(uint8_t)(number >> 8), (uint8_t)number};

    put(packet, two, sizeof two);
}

static void put_text(struct packet *packet, const char *text)
{
    put_number(packet, strlen(text));
    put(packet, text, strlen(text));
}

static bool send_packet(struct mqtt *link, struct packet *packet, uint8_t kind, uint64_t now)
{
    uint8_t head[FRONT] = {kind};
    size_t left = packet->used - FRONT;
    size_t length = 1;

    do {
        head[length++] = (uint8_t)((left & 127) | (left > 127 ? 128 : 0));
        left >>= 7;
    } while (left != 0);
    memcpy(packet->bytes + FRONT - length, head, length);
    link->said_at = now;
    return stream_write(link, packet->bytes + FRONT - length, packet->used - FRONT + length);
}

/* The first whole packet in the buffer: where its content begins and how long it is. */
static int whole_packet(const struct mqtt *link, size_t *begin, size_t *length)
{
    size_t value = 0;

    for (size_t i = 0; i < 4; i++) {
        if (link->in_length < 2 + i) {
            return 0;
        }
        value |= (size_t)(link->in[1 + i] & 127) << (7 * i);
        if ((link->in[1 + i] & 128) == 0) {
            *begin = 2 + i;
            *length = value;
            if (*begin + value > sizeof link->in) {
                return link->in_length < 600 ? 0 : 2; /* its topic and packet id are here */
            }
            return link->in_length >= *begin + value ? 1 : 0;
        }
    }
    return -1;
}

static void drop(struct mqtt *link, size_t length)
{
    link->in_length -= length;
    memmove(link->in, link->in + length, link->in_length);
}

static bool fill(struct mqtt *link, uint64_t now)
{
    while (link->skip != 0) {
        int gone = stream_read(link, link->in, link->skip < sizeof link->in ? link->skip : sizeof link->in);
        if (gone <= 0) {
            return gone == 0;
        }
        link->skip -= (size_t)gone;
        link->heard_at = now;
    }
    int got = link->in_length == sizeof link->in
                  ? 0
                  : stream_read(link, link->in + link->in_length, sizeof link->in - link->in_length);

    if (got > 0) {
        link->in_length += (size_t)got;
        link->heard_at = now;
    }
    return got >= 0;
}

/* Waits for one packet of this kind; its last byte in `last`. An announcement that overtakes it is dropped: it asks for
   what the birth does anyway. */
static bool await(struct mqtt *link, uint8_t kind, uint8_t *last, uint64_t now)
{
    size_t begin;
    size_t length;

    for (;;) {
        int whole = whole_packet(link, &begin, &length);
        if (whole == 1 && (link->in[0] & 0xF0) == PUBLISH) {
            drop(link, begin + length);
        } else if (whole != 0) {
            break;
        } else if (!stream_wait(link, PATIENCE_MS) || !fill(link, now)) {
            return false;
        }
    }
    if (whole_packet(link, &begin, &length) != 1 || length < 2 || link->in[0] != kind) {
        return false;
    }
    *last = link->in[begin + length - 1];
    drop(link, begin + length);
    return true;
}

bool mqtt_connect(struct mqtt *link, const struct mqtt_account *account, const char *will_topic, const uint8_t *will,
                  size_t will_length, uint64_t now)
{
    static struct packet packet;
    /* Protocol level 4; clean session, will with QoS 1, not retained. */
    static const uint8_t flags[2] = {4, 0x02 | 0x04 | 0x08};
    uint8_t code = 0xFF;

    link->in_length = 0;
    link->skip = 0;
    link->heard_at = now;
    if (!stream_open(link, account)) {
        return false;
    }
    packet.used = FRONT;
    put_text(&packet, "MQTT");
    put(&packet, flags, sizeof flags);
    put_number(&packet, MQTT_KEEPALIVE_S);
    put_text(&packet, account->client_id);
    put_text(&packet, will_topic);
    put_number(&packet, will_length);
    put(&packet, will, will_length);
    return send_packet(link, &packet, CONNECT, now) && await(link, CONNACK, &code, now) && code == 0;
}

bool mqtt_subscribe(struct mqtt *link, const char *first, const char *second, uint64_t now)
{
    static struct packet packet;
    const uint8_t qos = 1;
    uint8_t granted = 0x80;

    packet.used = FRONT;
    put_number(&packet, ++link->packet_id == 0 ? ++link->packet_id : link->packet_id);
    put_text(&packet, first);
    put(&packet, &qos, 1);
    put_text(&packet, second);
    put(&packet, &qos, 1);
    return send_packet(link, &packet, SUBSCRIBE, now) && await(link, SUBACK, &granted, now) && granted <= 1;
}

bool mqtt_publish(struct mqtt *link, const char *topic, const uint8_t *payload, size_t length, uint64_t now)
{
    static struct packet packet;

    if (length > ANMEN_FRAME_MAX) {
        return false;
    }
    packet.used = FRONT;
    put_text(&packet, topic);
    put_number(&packet, ++link->packet_id == 0 ? ++link->packet_id : link->packet_id);
    put(&packet, payload, length);
    return send_packet(link, &packet, PUBLISH | QOS1, now);
}

/* `here` bytes of the `length` are in the buffer. */
static bool take_publish(struct mqtt *link, struct mqtt_message *message, size_t length, size_t here, uint64_t now)
{
    static struct packet packet;
    size_t topic = here < 2 ? 0 : (size_t)message->payload[0] << 8 | message->payload[1];
    bool acknowledged = (link->in[0] & 0x06) != 0;
    size_t front = 2 + topic + (acknowledged ? 2 : 0);

    if (front > here) {
        return false;
    }
    message->topic = (const char *)message->payload + 2;
    message->topic_length = topic;
    packet.used = FRONT;
    put(&packet, message->payload + front - 2, 2);
    message->payload += front;
    message->length = length - front;
    return !acknowledged || send_packet(link, &packet, PUBACK, now);
}

int mqtt_take(struct mqtt *link, struct mqtt_message *message, uint64_t now)
{
    static uint8_t taken[sizeof link->in];
    size_t begin;
    size_t length;
    int whole;

    if (!fill(link, now)) {
        return -1;
    }
    while ((whole = whole_packet(link, &begin, &length)) > 0) {
        uint8_t kind = link->in[0];
        size_t here = whole == 1 ? length : link->in_length - begin;
        bool good = true;
        memcpy(taken, link->in + begin, here);
        *message = (struct mqtt_message){.payload = taken};
        if ((kind & 0xF0) == PUBLISH) {
            good = take_publish(link, message, length, here, now);
        }
        link->skip = length - here;
        drop(link, begin + here);
        if (!good || (kind & 0xF0) == PUBLISH) {
            return good ? 1 : -1;
        }
    }
    return whole;
}

bool mqtt_keep_alive(struct mqtt *link, uint64_t now)
{
    static struct packet packet;

    if (now - link->heard_at > MQTT_KEEPALIVE_S * 1500u) {
        return false;
    }
    if (now - link->said_at < MQTT_KEEPALIVE_S * 500u && now - link->heard_at < MQTT_KEEPALIVE_S * 500u) {
        return true;
    }
    if (now - link->said_at < 5000) {
        return true;
    }
    packet.used = FRONT;
    return send_packet(link, &packet, PINGREQ, now);
}
