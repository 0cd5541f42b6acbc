#include "on_their_way.h"

struct anmen_sent *way_find(struct anmen_on_their_way *way, uint64_t sequence)
{
    for (unsigned i = 0; i < way->count; i++) {
        if (way->event[i].sequence == sequence) {
            return &way->event[i];
        }
    }
    return NULL;
}

void way_add(struct anmen_on_their_way *way, struct anmen_sent sent, unsigned room)
{
    if (way->count < room) {
        way->event[way->count++] = sent;
    }
}

void way_drop_stored(struct anmen_on_their_way *way, uint64_t stored)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < way->count; i++) {
        if (way->event[i].sequence > stored || way->event[i].waiting) {
            way->event[kept++] = way->event[i];
        }
    }
    way->count = kept;
}

/* While older ones are missing no receipt covers a live event: it counts for some seconds only (ANM-SES-031). */
void way_drop_old(struct anmen_on_their_way *way, uint64_t now)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < way->count; i++) {
        if (way->event[i].waiting || now - way->event[i].at < ANMEN_LIVE_WAY_MS) {
            way->event[kept++] = way->event[i];
        }
    }
    way->count = kept;
}
