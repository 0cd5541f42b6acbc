/* Events as they are written into flash and onto the wire (ANM-EVT-004, anmen.cddl `known-event`). */
#ifndef ANMEN_EVENT_H
#define ANMEN_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"

enum anmen_event_type {
    EVENT_ALARM = 0,
    EVENT_DOOR_MOVED = 1,
    EVENT_LOCK_OPERATED = 2,
    EVENT_ACCESS_REFUSED = 3,
    EVENT_LIST_APPLIED = 16,
    EVENT_EVENTS_LOST = 17,
    EVENT_CLOCK_SET = 18,
    EVENT_STARTED = 19
};

enum anmen_field {
    FIELD_OPERATION,
    FIELD_SOURCE,
    FIELD_CREDENTIAL,
    FIELD_LIST_VERSION,
    FIELD_DIRECTION,
    FIELD_SCORE_BAND,
    FIELD_LIVENESS,
    FIELD_CODE,
    FIELD_COUNT,
    FIELD_FIRST,
    FIELD_LAST,
    FIELD_DIGEST,
    FIELD_UPTIME,
    FIELD_AFTER_CREDENTIAL = 19,
    FIELDS
};

enum { OPERATION_UNLOCK = 1 };
enum { SOURCE_MANUAL = 1, SOURCE_KEYPAD = 3, SOURCE_RFID = 8 };
enum { DIRECTION_IN = 1, DIRECTION_OUT = 2 };
enum { ALARM_WRONG_CODES = 4, ALARM_FORCED_USER = 8 };
enum anmen_refused {
    REFUSED_CREDENTIAL = 1,
    REFUSED_NOT_YET = 16,
    REFUSED_ENDED = 17,
    REFUSED_LEASE = 18,
    REFUSED_CLOCK = 19,
    REFUSED_LOCKED_OUT = 20
};

enum anmen_clock_quality { CLOCK_UNSET, CLOCK_KEPT, CLOCK_SYNCED };

/* Which fields are said is a bit each in `said`; FIELD_DIGEST is bytes, every other a number. */
struct anmen_event {
    enum anmen_event_type type;
    uint64_t boot;
    uint64_t occurred_at;
    enum anmen_clock_quality quality;
    uint32_t said;
    uint64_t number[FIELDS];
    const uint8_t *digest;
};

void anmen_event_say(struct anmen_event *event, enum anmen_field field, uint64_t number);
void anmen_event_say_digest(struct anmen_event *event, const uint8_t digest[ANMEN_DIGEST]);
/* How many bytes were written; 0 when it would be more than ANMEN_EVENT_MAX. */
size_t anmen_event_write(uint8_t out[ANMEN_EVENT_MAX], const struct anmen_event *event, uint64_t sequence);

#endif
