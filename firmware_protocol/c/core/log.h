/* The event log: numbers without gaps, safe in flash before anything is sent (ANM-EVT-001 … 003, 017 … 023). */
#ifndef ANMEN_LOG_H
#define ANMEN_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "storage_port.h"

#ifndef ANMEN_LOG_SECTORS_MAX
#define ANMEN_LOG_SECTORS_MAX 64u
#endif

struct anmen_log {
    const struct anmen_flash *flash;
    uint32_t first_sector;
    uint32_t sectors;
    uint32_t places;              /* in a sector */
    uint64_t first[ANMEN_LOG_SECTORS_MAX]; /* the lowest number in each sector, 0 when it holds none */
    uint64_t next;                /* the next number */
    uint64_t stored;              /* the last receipt */
    uint32_t sector;              /* where the next one goes */
    uint32_t place;
};

/* Reads the flash. `next` is 1 when nothing was found. */
void anmen_log_open(struct anmen_log *log, const struct anmen_flash *flash, uint32_t first_sector, uint32_t sectors);
/* Erases everything: the numbers begin with 1, so the caller draws a new epoch first. */
bool anmen_log_erase(struct anmen_log *log);
/* Gives the event the next number and writes it; the number, or 0 when flash refused. Where the write makes room by
   giving up what is not stored, a tombstone goes first and takes a number too (ANM-EVT-022). */
uint64_t anmen_log_append(struct anmen_log *log, const struct anmen_event *event);
/* Declares the lowest run of numbers at or above `from` that should be readable and are not; returns the number above
   the run, 0 when there is none. */
uint64_t anmen_log_declare_hole(struct anmen_log *log, uint64_t from, const struct anmen_event *stamp);
/* The event's bytes as they were recorded; 0 when the log has not got it. */
size_t anmen_log_read(const struct anmen_log *log, uint64_t sequence, uint8_t out[ANMEN_EVENT_MAX]);
/* The lowest number at or above `from` that can be read; `next` when there is none. */
uint64_t anmen_log_readable(const struct anmen_log *log, uint64_t from);
/* Takes a receipt; true when it brought progress. One beyond the log is ignored (ANM-EVT-018). */
bool anmen_log_store(struct anmen_log *log, uint64_t up_to);

#endif
