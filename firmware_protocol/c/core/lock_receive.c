/* What the lock hears: from a sealed frame to what it changes. */
#include <string.h>

#include "crypto_port.h"
#include "lock.h"

static void birth_again(struct anmen_link *link, uint64_t at)
{
    link->welcomed = false;
    link->birth_wait = ANMEN_FIRST_WAIT_MS;
    link->birth_at = at;
}

static void take_slot(struct anmen_lock *lock, uint64_t slot_ms)
{
    slot_ms = slot_ms < ANMEN_SLOT_MAX_MS ? slot_ms : ANMEN_SLOT_MAX_MS;
    if (slot_ms != lock->kept.slot_ms) {
        lock->kept.slot_ms = slot_ms;
        (void)anmen_lock_keep(lock);
    }
}

static void take_welcome(struct anmen_lock *lock, const struct anmen_message *said, uint64_t now)
{
    struct anmen_link *link = &lock->link;
    uint64_t seconds = said->value[2].number;

    if (said->value[1].number != (lock->kept.boot << 20) + link->connects) {
        return; /* ANM-SES-015 */
    }
    link->welcomed = true;
    seconds = seconds == 0 ? 1 : seconds;
    link->heartbeat_ms = seconds < 86400 ? seconds * 1000 : 86400000;
    link->heartbeat_at = now + link->heartbeat_ms;
    anmen_sender_rate(&lock->sender, said->value[3].number);
    take_slot(lock, said->value[4].number);
    anmen_clock_ask_soon(&lock->clock, now);
}

static void take_time(struct anmen_lock *lock, const struct anmen_message *said, uint64_t now)
{
    struct anmen_told told = anmen_clock_told(&lock->clock, said->value[1].bytes, said->value[2].number, now);

    if (!told.believed) {
        return;
    }
    lock->kept.unset_s = 0;
    lock->kept.time_floor = lock->clock.floor;
    if (lock->list.version >= said->value[3].number) {
        lock->kept.contact = lock->clock.floor; /* ANM-TIM-007 */
    }
    (void)anmen_lock_keep(lock);
    if (told.to_be_recorded) {
        struct anmen_event set = anmen_lock_event(lock, EVENT_CLOCK_SET, now);
        anmen_event_say(&set, FIELD_UPTIME, now);
        (void)anmen_lock_record(lock, &set, now);
    }
}

static void refuse_list(struct anmen_lock *lock, const struct anmen_message *part, enum anmen_change why, uint64_t now)
{
    struct anmen_list_refusal *refusal = &lock->list_refusal;
    bool same = refusal->said && refusal->to == part->value[2].number
                && memcmp(refusal->digest, part->value[8].bytes, ANMEN_DIGEST) == 0;

    if (same && now - refusal->said_at < ANMEN_REFUSED_AGAIN_MS) {
        return;
    }
    refusal->due = true;
    refusal->said = true;
    refusal->said_at = now;
    refusal->why = anmen_change_text(why);
    refusal->to = part->value[2].number;
    memcpy(refusal->digest, part->value[8].bytes, ANMEN_DIGEST);
}

static void apply_list(struct anmen_lock *lock, uint64_t now)
{
    anmen_list_apply(&lock->list, &lock->staging);
    if (!anmen_slots_save(&lock->list_slots, &lock->list, sizeof lock->list)) {
        /* Flash refused: what a reboot would find is what counts. */
        if (!anmen_slots_load(&lock->list_slots, &lock->list, sizeof lock->list)) {
            anmen_list_clear(&lock->list);
        }
        return;
    }
    struct anmen_event applied = anmen_lock_event(lock, EVENT_LIST_APPLIED, now);
    anmen_event_say(&applied, FIELD_LIST_VERSION, lock->list.version);
    anmen_event_say_digest(&applied, lock->list.digest);
    (void)anmen_lock_record(lock, &applied, now);
    anmen_clock_ask_soon(&lock->clock, now); /* an answer that came before the list was no contact */
}

static void take_part(struct anmen_lock *lock, const struct anmen_message *part, uint64_t now)
{
    enum anmen_change change = anmen_staging_take(&lock->staging, &lock->list, part);

    if (change == CHANGE_READY) {
        apply_list(lock, now);
    } else if (change == CHANGE_PART) {
        lock->refused[ANMEN_BAD_CONTENT]++; /* ANM-LST-008 */
    } else if (change >= CHANGE_OLD) {
        refuse_list(lock, part, change, now);
    }
}

static void take(struct anmen_lock *lock, const struct anmen_message *said, uint64_t now)
{
    switch (said->tag) {
    case DOWN_CHALLENGE:
        memcpy(lock->link.challenge, said->value[1].bytes, sizeof lock->link.challenge);
        lock->link.proof_due = true;
        break;
    case DOWN_WELCOME:
        take_welcome(lock, said, now);
        break;
    case DOWN_STORED:
        if (said->value[1].number == lock->kept.log_epoch && said->value[2].number < lock->log.next) {
            bool progress = anmen_log_store(&lock->log, said->value[2].number);
            anmen_sender_receipt(&lock->sender, &lock->log, progress, now);
        }
        break;
    case DOWN_MISSING:
        if (said->value[1].number == lock->kept.log_epoch) {
            anmen_sender_missing(&lock->sender, &lock->log, said->value[2].number, said->value[3].number);
        }
        break;
    case DOWN_LIST_PART:
        take_part(lock, said, now);
        break;
    case DOWN_TIME_ANSWER:
        take_time(lock, said, now);
        break;
    case DOWN_REBIRTH:
        birth_again(&lock->link, now);
        break;
    default:
        break;
    }
}

/* The key to try, and whether it is a new holder's. */
static enum anmen_refusal channel_of(const struct anmen_lock *lock, const struct anmen_header *header,
                                     struct anmen_down_channel *channel)
{
    const struct anmen_down_channel *known = &lock->down;

    if (known->known && header->holder.generation == known->holder.generation
        && memcmp(header->holder.nonce, known->holder.nonce, sizeof known->holder.nonce) == 0) {
        *channel = *known;
        return ANMEN_TAKEN;
    }
    if (known->known && header->holder.generation <= known->holder.generation) {
        return ANMEN_OLD_HOLDER; /* ANM-KEY-015 */
    }
    *channel = (struct anmen_down_channel){.known = true, .holder = header->holder};
    return anmen_down_key(&channel->key, &lock->keys, lock->who, &header->holder) ? ANMEN_TAKEN : ANMEN_NOT_AUTHENTIC;
}

static enum anmen_refusal open_message(struct anmen_lock *lock, uint8_t *bytes, size_t length,
                                       struct anmen_message *said)
{
    struct anmen_frame frame;
    struct anmen_down_channel channel;
    enum anmen_refusal refused = anmen_frame_read(&frame, bytes, length);

    if (refused != ANMEN_TAKEN) {
        return refused;
    }
    if (frame.header.kind != ANMEN_DOWN
        || memcmp(frame.header.session, lock->keys.session, ANMEN_SESSION_ID) != 0) {
        return ANMEN_UNKNOWN_SESSION;
    }
    refused = channel_of(lock, &frame.header, &channel);
    if (refused == ANMEN_TAKEN) {
        refused = anmen_frame_open(&frame, &channel.key, lock->who->lock_id);
    }
    if (refused == ANMEN_TAKEN && !anmen_replay_is_new(&channel.window, frame.header.counter)) {
        refused = ANMEN_REPLAYED;
    }
    if (refused == ANMEN_TAKEN) {
        refused = anmen_message_read(said, frame.text, frame.text_length, anmen_down_shapes, 7);
    }
    if (refused == ANMEN_TAKEN) {
        anmen_replay_take(&channel.window, frame.header.counter);
        lock->down = channel;
    }
    anmen_forget(&channel, sizeof channel);
    return refused;
}

enum anmen_refusal anmen_lock_receive(struct anmen_lock *lock, uint8_t *frame, size_t length, uint64_t now)
{
    struct anmen_message said;
    enum anmen_refusal refused = open_message(lock, frame, length, &said);

    if (refused != ANMEN_TAKEN) {
        lock->refused[refused]++;
        return refused;
    }
    lock->link.unheard = 0;
    take(lock, &said, now);
    return ANMEN_TAKEN;
}

void anmen_lock_announced(struct anmen_lock *lock, uint64_t now)
{
    struct anmen_link *link = &lock->link;

    if (!link->connected || !link->birth_said) {
        return;
    }
    anmen_sender_announced(&lock->sender, &lock->log, now);
    if (!link->welcomed && link->birth_at > now + ANMEN_ANNOUNCED_MS / 2) {
        link->birth_at = now + ANMEN_ANNOUNCED_MS / 2;
    }
}
