/* A record in flash, and where records stand. Inside of the log. */
#ifndef ANMEN_LOG_FLASH_H
#define ANMEN_LOG_FLASH_H

#include "log.h"

/* 200 bytes, so that a sector of 4096 holds 20. The receipt rides along: it costs no write of its own. */
struct anmen_record {
    uint64_t sequence;
    uint64_t stored;
    uint16_t length;
    uint8_t bytes[ANMEN_EVENT_MAX + 3];
    uint32_t crc;
};

_Static_assert(sizeof(struct anmen_record) == 200, "the record has no holes");

enum anmen_place { PLACE_EMPTY, PLACE_GOOD, PLACE_SPOILED };

uint32_t anmen_record_crc(const struct anmen_record *record);
uint32_t anmen_record_address(const struct anmen_log *log, uint32_t sector, uint32_t place);
enum anmen_place anmen_record_read(const struct anmen_log *log, uint32_t sector, uint32_t place,
                                   struct anmen_record *record);
bool anmen_record_find(const struct anmen_log *log, uint64_t sequence, struct anmen_record *record);

#endif
