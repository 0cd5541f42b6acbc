/* What happens at the door: decide, record, answer. */
#include "lock.h"

static struct anmen_moment moment_of(const struct anmen_lock *lock, uint64_t now)
{
    return (struct anmen_moment){
        .clock_set = lock->clock.set,
        .unix_ms = anmen_clock_now(&lock->clock, now),
        .contact_ms = lock->kept.contact,
        .floor_ms = lock->clock.floor,
        .within_unset = lock->unset_begin_s + now / 1000 < ANMEN_UNSET_S,
    };
}

static void record_opened(struct anmen_lock *lock, const struct anmen_verdict *verdict, uint64_t source, uint64_t now)
{
    struct anmen_event opened = anmen_lock_event(lock, EVENT_LOCK_OPERATED, now);

    anmen_event_say(&opened, FIELD_OPERATION, OPERATION_UNLOCK);
    anmen_event_say(&opened, FIELD_SOURCE, source);
    anmen_event_say(&opened, FIELD_CREDENTIAL, verdict->credential_id);
    anmen_event_say(&opened, FIELD_LIST_VERSION, lock->list.version);
    anmen_event_say(&opened, FIELD_DIRECTION, DIRECTION_IN);
    (void)anmen_lock_record(lock, &opened, now);
}

static void raise_alarm(struct anmen_lock *lock, uint64_t alarm, uint64_t now)
{
    struct anmen_event raised = anmen_lock_event(lock, EVENT_ALARM, now);

    anmen_event_say(&raised, FIELD_CODE, alarm);
    (void)anmen_lock_record(lock, &raised, now);
}

/* ANM-DOR-012: alone, or after a card has opened. */
static void raise_duress(struct anmen_lock *lock, uint64_t credential_id, uint64_t now)
{
    struct anmen_event raised = anmen_lock_event(lock, EVENT_ALARM, now);

    anmen_event_say(&raised, FIELD_CREDENTIAL, credential_id);
    anmen_event_say(&raised, FIELD_CODE, ALARM_FORCED_USER);
    if (lock->opened_at != 0 && now - lock->opened_at < ANMEN_AFTER_MS) {
        anmen_event_say(&raised, FIELD_AFTER_CREDENTIAL, lock->opened_by);
    }
    (void)anmen_lock_record(lock, &raised, now);
}


static void record_refused(struct anmen_lock *lock, const struct anmen_verdict *verdict, uint64_t source, uint64_t now)
{
    struct anmen_event refused = anmen_lock_event(lock, EVENT_ACCESS_REFUSED, now);

    anmen_event_say(&refused, FIELD_SOURCE, source);
    if (verdict->recognised) {
        anmen_event_say(&refused, FIELD_CREDENTIAL, verdict->credential_id);
        anmen_event_say(&refused, FIELD_LIST_VERSION, lock->list.version);
    }
    anmen_event_say(&refused, FIELD_CODE, (uint64_t)verdict->reason);
    (void)anmen_lock_record(lock, &refused, now);
}

static bool present(struct anmen_lock *lock, enum anmen_entry_type type, const char *said, uint64_t now)
{
    uint64_t source = type == ENTRY_PIN ? SOURCE_KEYPAD : SOURCE_RFID;
    struct anmen_verdict verdict = {.reason = REFUSED_LOCKED_OUT};
    uint8_t verifier[ANMEN_VERIFIER];

    if (anmen_tries_locked_out(&lock->tries, now)) {
        record_refused(lock, &verdict, source, now);
        return false;
    }
    struct anmen_moment moment = moment_of(lock, now);
    verdict.reason = REFUSED_CREDENTIAL;
    if (anmen_verifier(verifier, lock->keys.credential_key, type, said)) {
        verdict = anmen_decide(&lock->list, type, verifier, &moment);
    }
    if (!verdict.opens) {
        record_refused(lock, &verdict, source, now);
        if (!verdict.recognised && anmen_tries_wrong(&lock->tries, now)) {
            raise_alarm(lock, ALARM_WRONG_CODES, now);
        }
        anmen_lock_keep_tries(lock);
        return false;
    }
    record_opened(lock, &verdict, source, now);
    if (verdict.duress) {
        raise_duress(lock, verdict.credential_id, now);
    }
    if (type == ENTRY_CARD) {
        lock->opened_by = verdict.credential_id;
        lock->opened_at = now;
    }
    return true;
}

bool anmen_lock_card(struct anmen_lock *lock, const char *number, uint64_t now)
{
    char normal[64];

    return present(lock, ENTRY_CARD, anmen_normalise_number(normal, sizeof normal, number) ? normal : "", now);
}

bool anmen_lock_pin(struct anmen_lock *lock, const char *digits, uint64_t now)
{
    return present(lock, ENTRY_PIN, digits, now);
}

void anmen_lock_handle(struct anmen_lock *lock, uint64_t now)
{
    struct anmen_event opened = anmen_lock_event(lock, EVENT_LOCK_OPERATED, now);

    anmen_event_say(&opened, FIELD_OPERATION, OPERATION_UNLOCK);
    anmen_event_say(&opened, FIELD_SOURCE, SOURCE_MANUAL);
    anmen_event_say(&opened, FIELD_DIRECTION, DIRECTION_OUT);
    (void)anmen_lock_record(lock, &opened, now);
}
