/* Events that were sent and are not covered by a receipt. Inside of the sender. */
#ifndef ANMEN_ON_THEIR_WAY_H
#define ANMEN_ON_THEIR_WAY_H

#include "sender.h"

struct anmen_sent *way_find(struct anmen_on_their_way *way, uint64_t sequence);
/* Unless there are `room` of them already. */
void way_add(struct anmen_on_their_way *way, struct anmen_sent sent, unsigned room);
void way_drop_stored(struct anmen_on_their_way *way, uint64_t stored);
void way_drop_old(struct anmen_on_their_way *way, uint64_t now);

#endif
