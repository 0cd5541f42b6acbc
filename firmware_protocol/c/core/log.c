#include "log.h"

#include <string.h>

#include "log_flash.h"

bool anmen_log_erase(struct anmen_log *log)
{
    bool erased = true;

    for (uint32_t i = 0; i < log->sectors; i++) {
        erased = log->flash->erase(log->flash->device, log->first_sector + i) && erased;
        log->first[i] = 0;
    }
    log->next = 1;
    log->stored = 0;
    log->sector = 0;
    log->place = 0;
    return erased;
}

static bool write_record(struct anmen_log *log, const struct anmen_event *event)
{
    struct anmen_record record;

    memset(&record, 0, sizeof record);
    record.sequence = log->next;
    record.stored = log->stored;
    record.length = (uint16_t)anmen_event_write(record.bytes, event, log->next);
    record.crc = anmen_record_crc(&record);
    if (record.length == 0 || log->next > ANMEN_UINT63_MAX - 1
        || !log->flash->program(log->flash->device, anmen_record_address(log, log->sector, log->place), &record,
                                sizeof record)) {
        return false;
    }
    if (log->first[log->sector] == 0) {
        log->first[log->sector] = log->next;
    }
    log->next++;
    log->place++;
    return true;
}

/* The highest number that a sector holds, by what the next one begins with; 0 for an empty one. */
static uint64_t last_in(const struct anmen_log *log, uint32_t sector)
{
    uint64_t above = log->next;

    for (uint32_t i = 0; log->first[sector] != 0 && i < log->sectors; i++) {
        if (log->first[i] > log->first[sector] && log->first[i] < above) {
            above = log->first[i];
        }
    }
    return log->first[sector] == 0 ? 0 : above - 1;
}

static struct anmen_event tombstone(const struct anmen_event *stamp, uint64_t first, uint64_t last)
{
    struct anmen_event lost = {.type = EVENT_EVENTS_LOST, .boot = stamp->boot, .occurred_at = stamp->occurred_at,
                               .quality = stamp->quality};

    anmen_event_say(&lost, FIELD_COUNT, last - first + 1);
    anmen_event_say(&lost, FIELD_FIRST, first);
    anmen_event_say(&lost, FIELD_LAST, last);
    return lost;
}

/* The sector is full: the one behind it, the oldest, is erased. Its tombstone already stands (see append). */
static bool turn_over(struct anmen_log *log)
{
    uint32_t behind = (log->sector + 1) % log->sectors;

    if (!log->flash->erase(log->flash->device, log->first_sector + behind)) {
        return false;
    }
    log->first[behind] = 0;
    log->sector = behind;
    log->place = 0;
    return true;
}

uint64_t anmen_log_append(struct anmen_log *log, const struct anmen_event *event)
{
    if (log->place >= log->places && !turn_over(log)) {
        return 0;
    }
    if (log->place + 1 == log->places) {
        /* The last place before something is erased is where its tombstone must stand. */
        uint64_t given_up = last_in(log, (log->sector + 1) % log->sectors);
        if (given_up > log->stored) {
            struct anmen_event lost = tombstone(event, log->stored + 1, given_up);
            if (!write_record(log, &lost) || !turn_over(log)) {
                return 0;
            }
        }
    }
    return write_record(log, event) ? log->next - 1 : 0;
}

uint64_t anmen_log_declare_hole(struct anmen_log *log, uint64_t from, const struct anmen_event *stamp)
{
    struct anmen_record record;
    uint64_t oldest = anmen_log_readable(log, log->stored + 1);
    uint64_t first = from > oldest ? from : oldest;
    uint64_t end = log->next;

    while (first < end && anmen_record_find(log, first, &record)) {
        first++;
    }
    uint64_t above = first;
    while (above < end && !anmen_record_find(log, above, &record)) {
        above++;
    }
    if (first == above) {
        return 0;
    }
    struct anmen_event lost = tombstone(stamp, first, above - 1);
    return anmen_log_append(log, &lost) != 0 ? above : 0;
}

size_t anmen_log_read(const struct anmen_log *log, uint64_t sequence, uint8_t out[ANMEN_EVENT_MAX])
{
    struct anmen_record record;

    if (sequence == 0 || sequence >= log->next || !anmen_record_find(log, sequence, &record)) {
        return 0;
    }
    memcpy(out, record.bytes, record.length);
    return record.length;
}

uint64_t anmen_log_readable(const struct anmen_log *log, uint64_t from)
{
    struct anmen_record record;
    uint64_t lowest = log->next;

    for (uint32_t i = 0; i < log->sectors; i++) {
        if (log->first[i] != 0 && last_in(log, i) >= from && log->first[i] < lowest) {
            lowest = log->first[i];
        }
    }
    for (uint64_t at = lowest > from ? lowest : from; at < log->next; at++) {
        if (anmen_record_find(log, at, &record)) {
            return at;
        }
    }
    return log->next;
}

bool anmen_log_store(struct anmen_log *log, uint64_t up_to)
{
    if (up_to >= log->next || up_to <= log->stored) {
        return false;
    }
    log->stored = up_to;
    return true;
}
