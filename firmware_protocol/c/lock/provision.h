/* What a lock is given once: who it is, its keys, and how to reach the broker. */
#ifndef ANMEN_PROVISION_H
#define ANMEN_PROVISION_H

#include <stdbool.h>

#include "../core/keys.h"
#include "mqtt.h"

struct provision {
    struct anmen_identity who;
    char text[8][512];
    struct mqtt_account account; /* points into `text` */
};

/* Lines `name=value`; says on standard error what is wrong. */
bool provision_read(struct provision *provision, const char *path);

#endif
