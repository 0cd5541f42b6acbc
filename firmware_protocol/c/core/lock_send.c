/* What the lock says: births, proofs, live events first; then the rest. */
#include <string.h>

#include "crypto_port.h"
#include "lock.h"
#include "say.h"

static uint64_t birth_number(const struct anmen_lock *lock)
{
    return (lock->kept.boot << 20) + lock->link.connects;
}

static struct cbor_writer message(uint8_t *out, size_t room)
{
    return cbor_into(out + ANMEN_HEAD_ROOM, room - ANMEN_HEAD_ROOM);
}

static size_t seal(struct anmen_lock *lock, uint8_t *out, size_t room, const struct cbor_writer *said,
                   enum anmen_kind kind)
{
    struct anmen_header header = {.kind = kind, .counter = lock->link.counter};

    memcpy(header.session, lock->keys.session, ANMEN_SESSION_ID);
    if (kind == ANMEN_BIRTH) {
        memcpy(header.ephemeral, lock->keys.ephemeral_public, ANMEN_POINT);
    }
    if (kind == ANMEN_WILL) {
        header.counter = birth_number(lock);
    } else {
        lock->link.counter++; /* even if sealing fails: a counter is never used twice */
    }
    if (said->full) {
        return 0;
    }
    return anmen_frame_seal(out, room, said->used, &header, kind == ANMEN_WILL ? &lock->keys.will : &lock->keys.up,
                            lock->who->lock_id);
}

size_t anmen_lock_will(struct anmen_lock *lock, uint8_t *out, size_t room)
{
    lock->link = (struct anmen_link){.connects = lock->link.connects + 1, .counter = lock->link.counter};
    struct cbor_writer to = message(out, room);
    anmen_say_will(&to, birth_number(lock));
    return seal(lock, out, room, &to, ANMEN_WILL);
}

void anmen_lock_connected(struct anmen_lock *lock, uint64_t now)
{
    lock->link.connected = true;
    lock->link.birth_at = now;
    lock->link.birth_wait = ANMEN_FIRST_WAIT_MS;
    lock->link.heartbeat_at = UINT64_MAX; /* ANM-SES-017: the welcome starts them */
    lock->clock.asking = false;
    lock->clock.ask_due = false;
}

void anmen_lock_disconnected(struct anmen_lock *lock)
{
    lock->link.connected = false;
    lock->link.welcomed = false;
    anmen_sender_disconnect(&lock->sender);
}

static size_t send_birth(struct anmen_lock *lock, uint8_t *out, size_t room, uint64_t now)
{
    struct anmen_link *link = &lock->link;
    struct cbor_writer to = message(out, room);
    struct anmen_birth birth = {
        .birth_number = birth_number(lock),
        .boot = lock->kept.boot,
        .log_epoch = lock->kept.log_epoch,
        .next_sequence = lock->log.next,
        .oldest_sequence = anmen_log_readable(&lock->log, 1),
        .list_version = lock->list.version,
        .list_digest = lock->list.digest,
        .hardware = lock->hardware,
        .firmware = lock->firmware,
        .clock = anmen_clock_now(&lock->clock, now),
        .clock_quality = (uint64_t)anmen_clock_quality(&lock->clock, now),
        .battery = lock->battery,
        .uptime_s = now / 1000,
        .list_entries = ANMEN_LIST_ENTRIES,
    };

    anmen_say_birth(&to, &birth);
    if (!link->birth_said) {
        anmen_sender_connect(&lock->sender, &lock->log, now);
    }
    link->birth_said = true;
    link->birth_at = now + link->birth_wait;
    link->birth_wait = link->birth_wait * 2 < ANMEN_LAST_WAIT_MS ? link->birth_wait * 2 : ANMEN_LAST_WAIT_MS;
    return seal(lock, out, room, &to, ANMEN_BIRTH);
}

static size_t send_proof(struct anmen_lock *lock, uint8_t *out, size_t room)
{
    struct cbor_writer to = message(out, room);

    anmen_say_proof(&to, lock->link.challenge);
    lock->link.proof_due = false;
    return seal(lock, out, room, &to, ANMEN_SESSION);
}

static size_t send_heartbeat(struct anmen_lock *lock, uint8_t *out, size_t room, uint64_t now)
{
    struct anmen_link *link = &lock->link;
    struct cbor_writer to = message(out, room);
    struct anmen_heartbeat heartbeat = {
        .next_sequence = lock->log.next,
        .list_version = lock->list.version,
        .list_digest = lock->list.digest,
        .battery = lock->battery,
        .uptime_s = now / 1000,
        .clock = anmen_clock_now(&lock->clock, now),
        .clock_quality = (uint64_t)anmen_clock_quality(&lock->clock, now),
        .oldest_sequence = anmen_log_readable(&lock->log, 1), /* ANM-EVT-026 */
    };

    anmen_say_heartbeat(&to, &heartbeat);
    link->heartbeat_at = now + link->heartbeat_ms;
    if (++link->unheard > ANMEN_SILENT_HEARTBEATS) {
        link->unheard = 0; /* ANM-SES-019 */
        link->welcomed = false;
        link->birth_wait = ANMEN_FIRST_WAIT_MS;
        link->birth_at = now;
    }
    return seal(lock, out, room, &to, ANMEN_SESSION);
}

static size_t send_question(struct anmen_lock *lock, uint8_t *out, size_t room, uint64_t now)
{
    struct cbor_writer to = message(out, room);

    if (!anmen_random(lock->clock.nonce, sizeof lock->clock.nonce)) {
        lock->clock.ask_at = now + ANMEN_FIRST_WAIT_MS;
        return 0;
    }
    anmen_clock_asked(&lock->clock, now);
    anmen_say_time_request(&to, lock->clock.nonce);
    return seal(lock, out, room, &to, ANMEN_SESSION);
}

static size_t send_list_refusal(struct anmen_lock *lock, uint8_t *out, size_t room)
{
    struct cbor_writer to = message(out, room);

    anmen_say_list_refused(&to, lock->list.version, lock->list.digest, lock->list_refusal.why);
    lock->list_refusal.due = false;
    return seal(lock, out, room, &to, ANMEN_SESSION);
}

static size_t send_events(struct anmen_lock *lock, uint8_t *out, size_t room, uint64_t now)
{
    struct anmen_batch batch = anmen_sender_next(&lock->sender, &lock->log, now);
    struct cbor_writer to = message(out, room);

    if (batch.count == 0) {
        return 0;
    }
    anmen_say_events(&to, lock->kept.log_epoch, batch.live, batch.count);
    for (size_t i = 0; i < batch.count; i++) {
        size_t length = anmen_log_read(&lock->log, batch.sequence[i], lock->record);
        if (length == 0) {
            return 0; /* flash no longer gives it; the probe goes on from what it does give */
        }
        cbor_raw(&to, lock->record, length);
    }
    return seal(lock, out, room, &to, ANMEN_SESSION);
}

size_t anmen_lock_send(struct anmen_lock *lock, uint8_t *out, size_t room, uint64_t now)
{
    struct anmen_link *link = &lock->link;

    if (!link->connected || room < ANMEN_SEND_MAX) {
        return 0;
    }
    if (!link->welcomed && now >= link->birth_at) {
        return send_birth(lock, out, room, now);
    }
    if (link->proof_due) {
        return send_proof(lock, out, room);
    }
    size_t sent = send_events(lock, out, room, now);
    if (sent != 0) {
        return sent;
    }
    if (lock->list_refusal.due) {
        return send_list_refusal(lock, out, room);
    }
    if (lock->clock.ask_due && link->welcomed && now >= lock->clock.ask_at) {
        return send_question(lock, out, room, now);
    }
    return now >= link->heartbeat_at ? send_heartbeat(lock, out, room, now) : 0;
}

uint64_t anmen_lock_deadline(const struct anmen_lock *lock, uint64_t now)
{
    const struct anmen_link *link = &lock->link;
    uint64_t due = link->connected ? link->heartbeat_at : UINT64_MAX;
    uint64_t events = anmen_sender_due(&lock->sender, &lock->log);

    if (!link->connected) {
        return due;
    }
    if (link->proof_due || lock->list_refusal.due) {
        return now;
    }
    due = events < due ? events : due;
    if (!link->welcomed && link->birth_at < due) {
        due = link->birth_at;
    }
    if (link->welcomed && lock->clock.ask_due && lock->clock.ask_at < due) {
        due = lock->clock.ask_at;
    }
    return due > now ? due : now;
}
