/* The time: asked for, believed within two seconds, never below its floor (ANM-TIM-001 … 008). */
#ifndef ANMEN_CLOCK_H
#define ANMEN_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"

/* `now` is everywhere the uptime of this boot in milliseconds; it never jumps. */
struct anmen_clock {
    bool set;
    uint64_t begin;       /* Unix milliseconds at uptime 0 */
    bool answered;        /* in this boot */
    uint64_t answered_at; /* uptime */
    uint64_t floor;       /* the latest time that was ever told, Unix milliseconds */
    bool asking;
    uint8_t nonce[8];
    uint64_t asked_at;
    bool ask_due;
    uint64_t ask_at;
    uint64_t ask_wait;
};

struct anmen_told {
    bool believed;
    bool to_be_recorded; /* ANM-TIM-006 */
};

/* `chip` is what a clock chip that ran on shows, Unix milliseconds; 0 without one. Below the floor it has stopped. */
void anmen_clock_start(struct anmen_clock *clock, uint64_t floor, uint64_t chip, uint64_t now);
/* Unix milliseconds, or uptime while the clock is unset. */
uint64_t anmen_clock_now(const struct anmen_clock *clock, uint64_t now);
enum anmen_clock_quality anmen_clock_quality(const struct anmen_clock *clock, uint64_t now);
/* Asks as soon as may be: after a welcome, and after a change of the list. */
void anmen_clock_ask_soon(struct anmen_clock *clock, uint64_t now);
/* The question of `nonce` has gone. */
void anmen_clock_asked(struct anmen_clock *clock, uint64_t now);
struct anmen_told anmen_clock_told(struct anmen_clock *clock, const uint8_t nonce[8], uint64_t unix_ms, uint64_t now);

#endif
