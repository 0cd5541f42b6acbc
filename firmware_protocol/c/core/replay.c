#include "replay.h"

bool anmen_replay_is_new(const struct anmen_replay *window, uint64_t counter)
{
    if (!window->begun || counter > window->highest) {
        return true;
    }
    uint64_t back = window->highest - counter;
    return back < 64 && (window->seen >> back & 1) == 0;
}

void anmen_replay_take(struct anmen_replay *window, uint64_t counter)
{
    if (!window->begun) {
        *window = (struct anmen_replay){.begun = true, .highest = counter, .seen = 1};
        return;
    }
    if (counter > window->highest) {
        uint64_t ahead = counter - window->highest;
        window->seen = (ahead < 64 ? window->seen << ahead : 0) | 1;
        window->highest = counter;
        return;
    }
    window->seen |= (uint64_t)1 << (window->highest - counter);
}
