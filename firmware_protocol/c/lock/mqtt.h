/* MQTT 3.1.1 over TLS, as much of it as a lock needs: one connection, QoS 1 both ways, a will. */
#ifndef ANMEN_MQTT_H
#define ANMEN_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "../core/limits.h"

#define MQTT_KEEPALIVE_S 30u

struct mqtt {
    SSL_CTX *tls;
    SSL *stream;
    int socket;
    uint16_t packet_id;
    uint64_t heard_at; /* milliseconds of the caller's clock */
    uint64_t said_at;
    uint8_t in[ANMEN_FRAME_MAX + 256];
    size_t in_length;
    size_t skip; /* of a message larger than any frame: not kept, only counted */
};

struct mqtt_account {
    const char *host;
    const char *port;
    const char *authority;   /* file: who signed the broker's certificate */
    const char *certificate; /* file */
    const char *private_key; /* file */
    const char *client_id;
};

struct mqtt_message {
    const char *topic; /* not terminated */
    size_t topic_length;
    uint8_t *payload;
    size_t length;
};

/* Reads the files; once. */
bool mqtt_prepare(struct mqtt *link, const struct mqtt_account *account);
/* TCP, TLS with both certificates, CONNECT with a will (clean session), CONNACK. Blocks, some seconds at most. */
bool mqtt_connect(struct mqtt *link, const struct mqtt_account *account, const char *will_topic, const uint8_t *will,
                  size_t will_length, uint64_t now);
/* Two subscriptions with QoS 1, and waits for their SUBACK. */
bool mqtt_subscribe(struct mqtt *link, const char *first, const char *second, uint64_t now);
bool mqtt_publish(struct mqtt *link, const char *topic, const uint8_t *payload, size_t length, uint64_t now);
/* What stands in the buffer or can be read without waiting: 1 a message (acknowledged already), 0 none, -1 broken. A
   message stays readable until the next call; of one larger than any frame `length` is true, but not all bytes are there. */
int mqtt_take(struct mqtt *link, struct mqtt_message *message, uint64_t now);
/* Pings where it is time; false when the broker has been silent for too long. */
bool mqtt_keep_alive(struct mqtt *link, uint64_t now);
void mqtt_close(struct mqtt *link);

#endif
