/* What the log is after a start: everything follows from what can be read. */
#include "log.h"
#include "log_flash.h"

/* One sector: what it begins with, what it ends with, and how many of its places are used. */
struct scan {
    uint64_t first;
    uint64_t last;
    uint64_t stored;
    uint32_t used;
    bool tail_spoiled;
};

static struct scan scan_sector(const struct anmen_log *log, uint32_t sector)
{
    struct scan found = {0};
    struct anmen_record record;

    for (uint32_t place = 0; place < log->places; place++) {
        enum anmen_place state = anmen_record_read(log, sector, place, &record);
        if (state != PLACE_EMPTY) {
            found.used = place + 1;
            found.tail_spoiled = state == PLACE_SPOILED;
        }
        if (state == PLACE_GOOD) {
            found.first = found.first == 0 ? record.sequence : found.first;
            found.last = record.sequence;
            found.stored = record.stored;
        }
    }
    return found;
}

void anmen_log_open(struct anmen_log *log, const struct anmen_flash *flash, uint32_t first_sector, uint32_t sectors)
{
    bool tail_spoiled = false;

    *log = (struct anmen_log){.flash = flash, .first_sector = first_sector, .next = 1};
    log->sectors = sectors < ANMEN_LOG_SECTORS_MAX ? sectors : ANMEN_LOG_SECTORS_MAX;
    log->places = flash->sector_size / (uint32_t)sizeof(struct anmen_record);
    for (uint32_t i = 0; i < log->sectors; i++) {
        struct scan found = scan_sector(log, i);
        log->first[i] = found.first;
        if (found.last >= log->next) {
            log->next = found.last + 1;
            log->stored = found.stored;
            log->sector = i;
            log->place = found.used;
            tail_spoiled = found.tail_spoiled;
        }
    }
    if (log->place >= log->places) {
        struct scan behind = scan_sector(log, (log->sector + 1) % log->sectors);
        tail_spoiled = tail_spoiled || (behind.used != 0 && behind.first == 0);
    }
    if (tail_spoiled && log->next > 1) {
        log->next++; /* that number may have been sent, so it is not given again (ANM-EVT-003) */
    }
}
