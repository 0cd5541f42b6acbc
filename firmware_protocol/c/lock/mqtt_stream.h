/* The bytes under MQTT: a TLS connection that never blocks for long. */
#ifndef ANMEN_MQTT_STREAM_H
#define ANMEN_MQTT_STREAM_H

#include "mqtt.h"

bool stream_open(struct mqtt *link, const struct mqtt_account *account);
bool stream_write(struct mqtt *link, const uint8_t *at, size_t length);
/* Reads what there is: > 0 bytes, 0 nothing now, < 0 broken. */
int stream_read(struct mqtt *link, uint8_t *at, size_t room);
/* Waits until something can be read. False when nothing comes in time. */
bool stream_wait(struct mqtt *link, int milliseconds);

#endif
