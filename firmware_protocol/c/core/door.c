#include "door.h"

#include <string.h>

#include "crypto_port.h"

unsigned anmen_entry_refuses(const struct anmen_entry *entry, const struct anmen_moment *moment)
{
    uint64_t now_s = moment->unix_ms / 1000;

    if (!moment->clock_set && moment->floor_ms / 1000 >= entry->ends_at) {
        return REFUSED_ENDED;
    }
    if (!moment->clock_set) {
        return !entry->visitor && moment->within_unset ? 0 : REFUSED_CLOCK;
    }
    if (now_s < entry->starts_at) {
        return REFUSED_NOT_YET;
    }
    if (now_s >= entry->ends_at) {
        return REFUSED_ENDED;
    }
    /* Elapsed against lease, not end against now: neither sum can overflow. */
    uint64_t contact_s = moment->contact_ms / 1000;
    uint64_t elapsed_s = now_s > contact_s ? now_s - contact_s : 0;
    return elapsed_s >= entry->offline_lease_s ? REFUSED_LEASE : 0;
}

/* Which of two reasons tells more (ANM-DOR-005). */
static unsigned rank(enum anmen_refused reason)
{
    static const enum anmen_refused order[4] = {REFUSED_CLOCK, REFUSED_NOT_YET, REFUSED_ENDED, REFUSED_LEASE};

    for (unsigned i = 0; i < 4; i++) {
        if (order[i] == reason) {
            return i + 1;
        }
    }
    return 0;
}

static bool same(const uint8_t *a, const uint8_t *b)
{
    uint8_t differ = 0;

    for (unsigned i = 0; i < ANMEN_VERIFIER; i++) {
        differ |= (uint8_t)(a[i] ^ b[i]);
    }
    return differ == 0;
}

/* Of two entries that open: no call for help is lost because another fits as well, else the lower id (ANM-DOR-005). */
static bool goes_before(const struct anmen_entry *entry, const struct anmen_verdict *taken)
{
    return entry->duress != taken->duress ? entry->duress : entry->credential_id < taken->credential_id;
}

static bool tells_more(unsigned reason, const struct anmen_entry *entry, const struct anmen_verdict *told)
{
    unsigned now = rank(reason);
    unsigned before = rank(told->reason);

    return now > before || (now == before && told->recognised && entry->duress && !told->duress);
}

struct anmen_verdict anmen_decide(const struct anmen_list *list, enum anmen_entry_type type,
                                  const uint8_t verifier[ANMEN_VERIFIER], const struct anmen_moment *moment)
{
    struct anmen_verdict verdict = {.reason = REFUSED_CREDENTIAL};

    for (uint64_t i = 0; i < list->count; i++) {
        const struct anmen_entry *entry = &list->entry[i];
        if (entry->type != (uint32_t)type || !entry->usable || !same(entry->verifier, verifier)) {
            continue;
        }
        unsigned reason = anmen_entry_refuses(entry, moment);
        bool better = reason == 0 ? !verdict.opens || goes_before(entry, &verdict)
                                  : !verdict.opens && tells_more(reason, entry, &verdict);
        if (better) {
            verdict.opens = reason == 0;
            verdict.reason = (enum anmen_refused)reason;
            verdict.credential_id = entry->credential_id;
            verdict.duress = entry->duress;
        }
        verdict.recognised = true;
    }
    return verdict;
}

bool anmen_verifier(uint8_t verifier[ANMEN_VERIFIER], const uint8_t credential_key[32], enum anmen_entry_type type,
                    const char *said)
{
    uint8_t text[80];
    uint8_t code[32];
    size_t front = type == ENTRY_PIN ? sizeof "pin" : sizeof "card"; /* with its zero byte */
    size_t length = 0;

    memcpy(text, type == ENTRY_PIN ? "pin" : "card", front);
    while (said[length] != '\0') {
        if (front + length == sizeof text) {
            return false;
        }
        text[front + length] = (uint8_t)said[length];
        length++;
    }
    bool made = anmen_hmac_sha256(credential_key, text, front + length, code);
    memcpy(verifier, code, ANMEN_VERIFIER);
    anmen_forget(text, sizeof text);
    anmen_forget(code, sizeof code);
    return made;
}

bool anmen_normalise_number(char *out, size_t room, const char *number)
{
    const uint8_t *at = (const uint8_t *)number;
    size_t used = 0;

    while (*at != 0) {
        uint8_t one = *at++;
        if (one == 0xEF && (at[0] == 0xBC || at[0] == 0xBD) && at[1] != 0) { /* U+FF01 … U+FF5E */
            one = (uint8_t)((at[0] == 0xBC ? 0x20 : 0x60) + (at[1] & 0x3F));
            at += 2;
        } else if (one == 0xE3 && at[0] == 0x80 && at[1] == 0x80) { /* U+3000, the full-width space */
            one = ' ';
            at += 2;
        }
        if (one == ' ' || one == '\t') {
            continue;
        }
        if (used + 1 >= room) {
            return false;
        }
        out[used++] = (char)(one >= 'a' && one <= 'z' ? one - 'a' + 'A' : one);
    }
    out[used] = '\0';
    return true;
}

void anmen_tries_restart(struct anmen_tries *tries, unsigned count, uint64_t now)
{
    *tries = (struct anmen_tries){.count = count < ANMEN_WRONG_TRIES ? count : ANMEN_WRONG_TRIES};
    for (unsigned i = 0; i < tries->count; i++) {
        tries->at[i] = now;
    }
    tries->locked_out = count >= ANMEN_WRONG_TRIES;
    tries->until = now + ANMEN_LOCKED_OUT_MS;
}

void anmen_tries_forget(struct anmen_tries *tries, uint64_t now)
{
    unsigned kept = 0;

    if (tries->locked_out) {
        if (now >= tries->until) {
            *tries = (struct anmen_tries){0};
        }
        return;
    }
    for (unsigned i = 0; i < tries->count; i++) {
        if (now - tries->at[i] < ANMEN_WRONG_WITHIN_MS) {
            tries->at[kept++] = tries->at[i];
        }
    }
    tries->count = kept;
}

bool anmen_tries_locked_out(struct anmen_tries *tries, uint64_t now)
{
    anmen_tries_forget(tries, now);
    return tries->locked_out;
}

bool anmen_tries_wrong(struct anmen_tries *tries, uint64_t now)
{
    anmen_tries_forget(tries, now);
    tries->at[tries->count++] = now;
    if (tries->count < ANMEN_WRONG_TRIES) {
        return false;
    }
    tries->locked_out = true;
    tries->until = now + ANMEN_LOCKED_OUT_MS;
    return true;
}
