/* One lock: everything it knows, and the few doors into it. No socket, no clock, no thread: time is an argument. */
#ifndef ANMEN_LOCK_H
#define ANMEN_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "door.h"
#include "frame.h"
#include "keys.h"
#include "list.h"
#include "log.h"
#include "replay.h"
#include "sender.h"
#include "slots.h"

/* What stays over reboots, beside list and log. Its layout is that of the flash: no holes. */
struct anmen_kept {
    uint64_t boot;
    uint64_t log_epoch;
    uint64_t log_begun;  /* the log of this epoch holds at least the start of a boot */
    uint64_t time_floor; /* Unix milliseconds */
    uint64_t contact;    /* Unix milliseconds */
    uint64_t unset_s;    /* uptime without a clock, counted over boots and ahead */
    uint64_t slot_ms;    /* the turn to come back (ANM-SES-022) */
    uint64_t wrong_tries; /* not yet forgotten; the last of them locks out (ANM-DOR-013) */
};

/* One connection to the broker, and where the session stands on it. */
struct anmen_link {
    uint64_t connects;
    bool connected;
    bool birth_said;
    bool welcomed;
    uint64_t birth_at;
    uint64_t birth_wait;
    bool proof_due;
    uint8_t challenge[16];
    uint64_t heartbeat_ms;
    uint64_t heartbeat_at;
    unsigned unheard;
    uint64_t counter; /* of births and session frames */
};

struct anmen_down_channel {
    bool known;
    struct anmen_holder holder;
    struct anmen_frame_key key;
    struct anmen_replay window;
};

struct anmen_list_refusal {
    bool due;
    const char *why;
    uint8_t digest[ANMEN_DIGEST]; /* of the change */
    uint64_t to;
    uint64_t said_at;
    bool said;
};

struct anmen_lock {
    const struct anmen_identity *who;
    const struct anmen_flash *flash;
    const char *hardware;
    const char *firmware;
    unsigned battery; /* percent; the caller sets it */
    struct anmen_kept kept;
    struct anmen_slots kept_slots;
    struct anmen_slots list_slots;
    struct anmen_boot_keys keys;
    struct anmen_link link;
    struct anmen_down_channel down;
    struct anmen_clock clock;
    uint64_t unset_begin_s;
    struct anmen_tries tries;
    uint64_t opened_by; /* the last card that opened, and when (ANM-DOR-012) */
    uint64_t opened_at;
    struct anmen_log log;
    struct anmen_sender sender;
    struct anmen_list list;
    struct anmen_staging staging;
    struct anmen_list_refusal list_refusal;
    uint64_t refused[ANMEN_REFUSALS]; /* by reason (ANM-FRM-019) */
    uint8_t record[ANMEN_EVENT_MAX];
};

/* Sectors: two for what is kept, two lists, the rest is the log. */
#define ANMEN_KEPT_SECTORS 1u
uint32_t anmen_list_sectors(const struct anmen_flash *flash);

/* Boots; `chip` as for the clock. False when flash or the crypto port does not work: such a lock opens for nobody, and its
   handle still does. */
bool anmen_lock_start(struct anmen_lock *lock, const struct anmen_identity *who, const struct anmen_flash *flash,
                      uint64_t chip, uint64_t now);

/* Before every CONNECT: begins a new connect and seals its will (ANM-SES-003). The will's length, 0 on failure. */
size_t anmen_lock_will(struct anmen_lock *lock, uint8_t *out, size_t room);
/* The subscriptions are acknowledged. */
void anmen_lock_connected(struct anmen_lock *lock, uint64_t now);
void anmen_lock_disconnected(struct anmen_lock *lock);

/* How long to wait with the first CONNECT after power or link came back, in milliseconds (ANM-SES-023). */
uint64_t anmen_lock_slot(const struct anmen_lock *lock);

/* A message of the down topic; `frame` is used up. Call `anmen_lock_send` until it answers 0 before the next one: a lock
   remembers one challenge at a time. What it says has been done, or it is counted and has no effect. */
enum anmen_refusal anmen_lock_receive(struct anmen_lock *lock, uint8_t *frame, size_t length, uint64_t now);
/* A message of the holder topic, whatever it holds (ANM-FRM-008). */
void anmen_lock_announced(struct anmen_lock *lock, uint64_t now);

/* The next frame for the up topic, its length; 0 when there is none now. Room: ANMEN_SEND_MAX. */
size_t anmen_lock_send(struct anmen_lock *lock, uint8_t *out, size_t room, uint64_t now);
/* When `anmen_lock_send` is to be asked again, if nothing else happens. */
uint64_t anmen_lock_deadline(const struct anmen_lock *lock, uint64_t now);

/* At least once a minute: what goes on with time alone. */
void anmen_lock_tick(struct anmen_lock *lock, uint64_t now);

/* At the door. True: unlock. */
bool anmen_lock_card(struct anmen_lock *lock, const char *number, uint64_t now);
bool anmen_lock_pin(struct anmen_lock *lock, const char *digits, uint64_t now);
/* The handle has opened mechanically; this only records it (ANM-DOR-001). */
void anmen_lock_handle(struct anmen_lock *lock, uint64_t now);

/* Inside: an event of this moment, and recording it. */
struct anmen_event anmen_lock_event(const struct anmen_lock *lock, enum anmen_event_type type, uint64_t now);
bool anmen_lock_record(struct anmen_lock *lock, const struct anmen_event *event, uint64_t now);
bool anmen_lock_keep(struct anmen_lock *lock);
void anmen_lock_keep_tries(struct anmen_lock *lock);

#endif
