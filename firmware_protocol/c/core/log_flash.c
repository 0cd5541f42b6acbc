#include "log_flash.h"

#include "slots.h"

uint32_t anmen_record_crc(const struct anmen_record *record)
{
    return anmen_crc32(0, record, (uint32_t)offsetof(struct anmen_record, crc));
}

uint32_t anmen_record_address(const struct anmen_log *log, uint32_t sector, uint32_t place)
{
    return (log->first_sector + sector) * log->flash->sector_size + place * (uint32_t)sizeof(struct anmen_record);
}

enum anmen_place anmen_record_read(const struct anmen_log *log, uint32_t sector, uint32_t place,
                                   struct anmen_record *record)
{
    const uint8_t *bytes = (const uint8_t *)record;
    uint8_t all = 0xFF;

    if (!log->flash->read(log->flash->device, anmen_record_address(log, sector, place), record, sizeof *record)) {
        return PLACE_SPOILED;
    }
    for (size_t i = 0; i < sizeof *record; i++) {
        all &= bytes[i];
    }
    if (all == 0xFF) {
        return PLACE_EMPTY;
    }
    return record->crc == anmen_record_crc(record) && record->length <= ANMEN_EVENT_MAX && record->sequence != 0
               ? PLACE_GOOD
               : PLACE_SPOILED;
}

bool anmen_record_find(const struct anmen_log *log, uint64_t sequence, struct anmen_record *record)
{
    uint32_t sector = 0;
    uint64_t best = 0;

    for (uint32_t i = 0; i < log->sectors; i++) {
        if (log->first[i] != 0 && log->first[i] <= sequence && log->first[i] > best) {
            best = log->first[i];
            sector = i;
        }
    }
    if (best == 0 || sequence - best >= log->places) {
        return false;
    }
    /* A spoiled place moves what comes after it to the right, never to the left. */
    for (uint32_t place = (uint32_t)(sequence - best); place < log->places; place++) {
        if (anmen_record_read(log, sector, place, record) == PLACE_GOOD && record->sequence == sequence) {
            return true;
        }
    }
    return false;
}
