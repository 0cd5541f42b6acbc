/* One value in flash that changes as a whole or not at all: two places, written in turn. */
#ifndef ANMEN_SLOTS_H
#define ANMEN_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "storage_port.h"

struct anmen_slots {
    const struct anmen_flash *flash;
    uint32_t first_sector;
    uint32_t sectors_each;
    uint32_t generation; /* of the newest good place */
    bool good[2];
    unsigned newest;
};

/* CRC-32 (IEEE 802.3), continued from `crc`, 0 at first: against wear and power cuts, not against people. */
uint32_t anmen_crc32(uint32_t crc, const void *at, uint32_t length);

/* Finds the newest good place and reads it into `value`; false when there is none of exactly this length. */
bool anmen_slots_load(struct anmen_slots *slots, void *value, uint32_t length);
/* Writes into the other place, the header last. */
bool anmen_slots_save(struct anmen_slots *slots, const void *value, uint32_t length);

#endif
