#include "clock.h"

#include <string.h>

void anmen_clock_start(struct anmen_clock *clock, uint64_t floor, uint64_t chip, uint64_t now)
{
    *clock = (struct anmen_clock){.floor = floor, .ask_wait = ANMEN_FIRST_WAIT_MS};
    if (chip > floor && chip > now && chip <= ANMEN_UINT53_MAX && floor != 0) {
        clock->set = true;
        clock->begin = chip - now;
    }
}

uint64_t anmen_clock_now(const struct anmen_clock *clock, uint64_t now)
{
    return clock->set ? clock->begin + now : now;
}

enum anmen_clock_quality anmen_clock_quality(const struct anmen_clock *clock, uint64_t now)
{
    if (!clock->set) {
        return CLOCK_UNSET;
    }
    return !clock->answered || now - clock->answered_at > ANMEN_SYNCED_MS ? CLOCK_KEPT : CLOCK_SYNCED;
}

void anmen_clock_ask_soon(struct anmen_clock *clock, uint64_t now)
{
    clock->ask_due = true;
    clock->ask_wait = ANMEN_FIRST_WAIT_MS;
    clock->ask_at = now;
}

void anmen_clock_asked(struct anmen_clock *clock, uint64_t now)
{
    clock->asking = true;
    clock->asked_at = now;
    clock->ask_at = now + clock->ask_wait; /* when no answer comes */
    clock->ask_wait = clock->ask_wait * 2 < ANMEN_LAST_WAIT_MS ? clock->ask_wait * 2 : ANMEN_LAST_WAIT_MS;
}

struct anmen_told anmen_clock_told(struct anmen_clock *clock, const uint8_t nonce[8], uint64_t unix_ms, uint64_t now)
{
    struct anmen_told told = {0};

    if (!clock->asking || memcmp(nonce, clock->nonce, sizeof clock->nonce) != 0) {
        return told;
    }
    clock->asking = false;
    if (now - clock->asked_at > ANMEN_TIME_BELIEVED_MS || unix_ms > ANMEN_UINT53_MAX) {
        return told;
    }
    uint64_t unix_now = unix_ms + (now - clock->asked_at) / 2;
    unix_now = unix_now > clock->floor ? unix_now : clock->floor; /* ANM-TIM-004 */
    if (unix_now < now) {
        return told; /* the service believes that it is 1970 */
    }
    uint64_t shown = anmen_clock_now(clock, now);
    uint64_t moved = shown > unix_now ? shown - unix_now : unix_now - shown;
    told.believed = true;
    told.to_be_recorded = !clock->set || moved >= ANMEN_CLOCK_MOVED_MS;
    clock->set = true;
    clock->begin = unix_now - now;
    clock->answered = true;
    clock->answered_at = now;
    clock->floor = unix_now;
    clock->ask_at = now + ANMEN_TIME_ASKED_MS;
    clock->ask_wait = ANMEN_FIRST_WAIT_MS;
    return told;
}
