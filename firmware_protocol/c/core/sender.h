/* Which events go when: live ones, stored ones, gaps, the probe (ANM-EVT-007 … 019). Knows numbers, not bytes. */
#ifndef ANMEN_SENDER_H
#define ANMEN_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log.h"

struct anmen_sent {
    uint64_t sequence;
    uint64_t at;
    bool waiting; /* recorded, not sent yet */
    bool joins;   /* goes in the frame of the event before it */
};

struct anmen_on_their_way {
    struct anmen_sent event[ANMEN_ON_THEIR_WAY + ANMEN_ALARM_ROOM];
    unsigned count;
};

struct anmen_sender {
    bool connected;
    struct anmen_on_their_way live;
    struct anmen_on_their_way fill;
    uint64_t cursor;      /* the next stored event to send */
    uint64_t gap_next;    /* what was asked for, 0 when nothing */
    uint64_t gap_last;
    bool gap_found;       /* something of it could be read */
    uint64_t rate;        /* stored events a second */
    uint64_t fill_at;     /* when the next stored ones may go */
    uint64_t probe_at;
    uint64_t probe_wait;
    bool probed;          /* a probe waits for its answer */
};

struct anmen_batch {
    bool live;
    size_t count;
    uint64_t sequence[ANMEN_EVENTS_IN_FRAME];
};

void anmen_sender_start(struct anmen_sender *sender);
/* After the birth of a new connect (ANM-EVT-011). */
void anmen_sender_connect(struct anmen_sender *sender, const struct anmen_log *log, uint64_t now);
void anmen_sender_disconnect(struct anmen_sender *sender);
/* Everything that is not stored goes again, from the first on, at the same pace (ANM-EVT-012, ANM-EVT-014). */
void anmen_sender_again(struct anmen_sender *sender, const struct anmen_log *log);
/* The same on an announcement, which begins the wait for a receipt anew. */
void anmen_sender_announced(struct anmen_sender *sender, const struct anmen_log *log, uint64_t now);
enum anmen_urgency { ANMEN_USUAL, ANMEN_ALARM, ANMEN_CALL_FOR_HELP };
void anmen_sender_recorded(struct anmen_sender *sender, uint64_t sequence, enum anmen_urgency urgency, uint64_t now);
void anmen_sender_rate(struct anmen_sender *sender, uint64_t events_a_second);
/* `progress` says whether the receipt moved the log's. */
void anmen_sender_receipt(struct anmen_sender *sender, const struct anmen_log *log, bool progress, uint64_t now);
void anmen_sender_missing(struct anmen_sender *sender, const struct anmen_log *log, uint64_t first, uint64_t last);
/* What is due now, counted as sent; `count` is 0 when nothing is. */
struct anmen_batch anmen_sender_next(struct anmen_sender *sender, const struct anmen_log *log, uint64_t now);
/* When `anmen_sender_next` may have something; UINT64_MAX when only a receipt or an event can change that. */
uint64_t anmen_sender_due(const struct anmen_sender *sender, const struct anmen_log *log);

#endif
