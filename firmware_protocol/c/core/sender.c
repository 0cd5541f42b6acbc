#include "sender.h"

#include "on_their_way.h"

void anmen_sender_start(struct anmen_sender *sender)
{
    *sender = (struct anmen_sender){.rate = ANMEN_BACKFILL_RATE};
}

void anmen_sender_again(struct anmen_sender *sender, const struct anmen_log *log)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < sender->live.count; i++) {
        if (sender->live.event[i].waiting) {
            sender->live.event[kept++] = sender->live.event[i];
        }
    }
    sender->live.count = kept;
    sender->fill.count = 0;
    sender->cursor = log->stored + 1;
    sender->probed = false;
}

void anmen_sender_announced(struct anmen_sender *sender, const struct anmen_log *log, uint64_t now)
{
    anmen_sender_again(sender, log);
    sender->probe_wait = ANMEN_FIRST_WAIT_MS;
    sender->probe_at = now + ANMEN_FIRST_WAIT_MS;
}

void anmen_sender_connect(struct anmen_sender *sender, const struct anmen_log *log, uint64_t now)
{
    sender->connected = true;
    sender->rate = ANMEN_BACKFILL_RATE;
    sender->gap_next = 0;
    sender->fill_at = now;
    sender->live.count = 0;
    anmen_sender_announced(sender, log, now);
}

void anmen_sender_disconnect(struct anmen_sender *sender)
{
    sender->connected = false;
    sender->live.count = 0;
    sender->fill.count = 0;
}

void anmen_sender_recorded(struct anmen_sender *sender, uint64_t sequence, enum anmen_urgency urgency, uint64_t now)
{
    if (sender->connected) {
        /* With 32 on their way it goes with the stored ones, unless it is an alarm (ANM-SES-030). */
        way_drop_old(&sender->live, now);
        way_add(&sender->live, (struct anmen_sent){sequence, now, true, urgency == ANMEN_CALL_FOR_HELP},
                ANMEN_ON_THEIR_WAY + (urgency == ANMEN_USUAL ? 0 : ANMEN_ALARM_ROOM));
    }
}

void anmen_sender_rate(struct anmen_sender *sender, uint64_t events_a_second)
{
    sender->rate = events_a_second == 0 ? 1 : events_a_second;
}

void anmen_sender_receipt(struct anmen_sender *sender, const struct anmen_log *log, bool progress, uint64_t now)
{
    if (progress) {
        sender->probe_wait = ANMEN_FIRST_WAIT_MS;
    }
    sender->probe_at = now + sender->probe_wait;
    if (sender->probed) {
        anmen_sender_again(sender, log);
    }
    way_drop_stored(&sender->live, log->stored);
    way_drop_stored(&sender->fill, log->stored);
    if (sender->cursor <= log->stored) {
        sender->cursor = log->stored + 1;
    }
}

void anmen_sender_missing(struct anmen_sender *sender, const struct anmen_log *log, uint64_t first, uint64_t last)
{
    if (first == 0 || first > last || first >= log->next) {
        return;
    }
    sender->gap_found = false;
    sender->gap_next = first;
    sender->gap_last = last < log->next - 1 ? last : log->next - 1;
}

static void take_live(struct anmen_sent *sent, uint64_t now, struct anmen_batch *batch)
{
    sent->waiting = false;
    sent->at = now;
    batch->sequence[batch->count++] = sent->sequence;
}

/* Alone, so that every live frame is one block (ANM-FRM-018); but a call for help goes with its opening, and both fit
 * one block: a frame more would tell whoever counts frames (ANM-DOR-021). */
static struct anmen_batch next_live(struct anmen_sender *sender, uint64_t now)
{
    struct anmen_batch batch = {.live = true};

    for (unsigned i = 0; i < sender->live.count && batch.count == 0; i++) {
        struct anmen_sent *sent = &sender->live.event[i];
        if (sent->waiting) {
            take_live(sent, now, &batch);
            if (i + 1 < sender->live.count && sent[1].waiting && sent[1].joins
                && sent[1].sequence == sent->sequence + 1) {
                take_live(&sent[1], now, &batch);
            }
        }
    }
    return batch;
}

static bool sent_lately(struct anmen_sender *sender, uint64_t sequence, uint64_t now)
{
    struct anmen_sent *sent = way_find(&sender->live, sequence);

    if (sent == NULL) {
        sent = way_find(&sender->fill, sequence);
    }
    if (sent == NULL) {
        return false;
    }
    if (sent->waiting || now - sent->at < ANMEN_GAP_AGAIN_MS) {
        return true;
    }
    sent->at = now;
    return false;
}

/* Numbers that were never sent on this connect come by themselves (ANM-EVT-019). */
static bool gap_wants(struct anmen_sender *sender, const struct anmen_log *log, uint64_t sequence, uint64_t now)
{
    return sequence <= log->stored || (sequence < sender->cursor && !sent_lately(sender, sequence, now))
           || (sequence >= sender->cursor && way_find(&sender->live, sequence) != NULL
               && !sent_lately(sender, sequence, now));
}

static void next_gap(struct anmen_sender *sender, const struct anmen_log *log, uint64_t now, struct anmen_batch *batch)
{
    while (sender->gap_next != 0 && batch->count < ANMEN_EVENTS_IN_FRAME) {
        uint64_t at = anmen_log_readable(log, sender->gap_next);
        if (at > sender->gap_last) {
            if (!sender->gap_found) {
                sender->fill.count = 0; /* nothing of it is left: its tombstone lies behind (ANM-EVT-019) */
            }
            sender->gap_next = 0;
            return;
        }
        sender->gap_found = true;
        sender->gap_next = at + 1;
        if (gap_wants(sender, log, at, now)) {
            batch->sequence[batch->count++] = at;
        }
    }
}

static void next_fill(struct anmen_sender *sender, const struct anmen_log *log, uint64_t now, struct anmen_batch *batch)
{
    while (batch->count < ANMEN_EVENTS_IN_FRAME && sender->fill.count < ANMEN_ON_THEIR_WAY) {
        uint64_t at = anmen_log_readable(log, sender->cursor);
        if (at >= log->next) {
            sender->cursor = log->next;
            return;
        }
        sender->cursor = at + 1;
        if (way_find(&sender->live, at) == NULL) {
            way_add(&sender->fill, (struct anmen_sent){at, now, false, false}, ANMEN_ON_THEIR_WAY);
            batch->sequence[batch->count++] = at;
        }
    }
}

static void next_probe(struct anmen_sender *sender, const struct anmen_log *log, uint64_t now,
                       struct anmen_batch *batch)
{
    uint64_t first = anmen_log_readable(log, log->stored + 1);

    if (first >= log->next || now < sender->probe_at) {
        return;
    }
    batch->sequence[batch->count++] = first;
    sender->probed = true;
    sender->probe_wait = sender->probe_wait * 2 < ANMEN_LAST_WAIT_MS ? sender->probe_wait * 2 : ANMEN_LAST_WAIT_MS;
    sender->probe_at = now + sender->probe_wait;
}

struct anmen_batch anmen_sender_next(struct anmen_sender *sender, const struct anmen_log *log, uint64_t now)
{
    struct anmen_batch batch = {0};

    if (!sender->connected) {
        return batch;
    }
    batch = next_live(sender, now);
    if (batch.count != 0) {
        return batch;
    }
    batch.live = false;
    next_probe(sender, log, now, &batch);
    if (batch.count != 0 || now < sender->fill_at) {
        return batch;
    }
    next_gap(sender, log, now, &batch);
    if (batch.count == 0) {
        next_fill(sender, log, now, &batch);
    }
    if (batch.count != 0) {
        sender->fill_at = now + (batch.count * 1000 + sender->rate - 1) / sender->rate;
    }
    return batch;
}

uint64_t anmen_sender_due(const struct anmen_sender *sender, const struct anmen_log *log)
{
    if (!sender->connected) {
        return UINT64_MAX;
    }
    for (unsigned i = 0; i < sender->live.count; i++) {
        if (sender->live.event[i].waiting) {
            return 0;
        }
    }
    uint64_t due = log->stored + 1 < log->next ? sender->probe_at : UINT64_MAX;
    bool more = sender->gap_next != 0 || (sender->cursor < log->next && sender->fill.count < ANMEN_ON_THEIR_WAY);
    return more && sender->fill_at < due ? sender->fill_at : due;
}
