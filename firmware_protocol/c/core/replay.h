/* Which counters of one key were taken (ANM-KEY-012, RFC 8613 §7.4). */
#ifndef ANMEN_REPLAY_H
#define ANMEN_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

struct anmen_replay {
    bool begun;
    uint64_t highest;
    uint64_t seen; /* bit n: highest - n was taken */
};

bool anmen_replay_is_new(const struct anmen_replay *window, uint64_t counter);
/* Only after the frame was opened and read (ANM-KEY-013). */
void anmen_replay_take(struct anmen_replay *window, uint64_t counter);

#endif
