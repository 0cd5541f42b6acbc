#include <stdio.h>
#include <string.h>

#include "door.h"
#include "driver.h"
#include "list.h"

static uint8_t bytes[140000];
static struct anmen_list list;
static struct anmen_staging staging;

void do_entry(struct words *words)
{
    struct anmen_entry entry;
    size_t length = words_bytes(words, bytes, sizeof bytes);

    if (!anmen_entry_read(&entry, bytes, length)) {
        printf("bad_content");
        return;
    }
    print_bytes(entry.hash, sizeof entry.hash);
}

/* Entries in any order, without a change. */
static bool read_list(struct words *words)
{
    static struct anmen_staging all;

    memset(&all, 0, sizeof all);
    anmen_list_clear(&list);
    while (words_left(words)) {
        struct anmen_entry entry;
        size_t length = words_bytes(words, bytes, sizeof bytes);
        if (!anmen_entry_read(&entry, bytes, length) || all.upserts == ANMEN_LIST_ENTRIES) {
            return false;
        }
        all.upsert[all.upserts++] = entry;
    }
    anmen_list_apply(&list, &all);
    return anmen_list_digest(&list, NULL, list.digest);
}

void do_digest(struct words *words)
{
    if (!read_list(words)) {
        printf("bad_content");
        return;
    }
    print_bytes(list.digest, sizeof list.digest);
}

/* list VERSION ENTRY…: what `part` then changes. */
void do_list(struct words *words)
{
    uint64_t version = words_number(words);

    memset(&staging, 0, sizeof staging);
    if (read_list(words)) {
        list.version = version;
    }
    print_bytes(list.digest, sizeof list.digest);
}

void do_part(struct words *words)
{
    static const char *const names[] = {"waits", "applied", "held", "part", "old", "base", "bad", "full", "digest"};
    struct anmen_message said;
    size_t length = words_bytes(words, bytes, sizeof bytes);

    if (anmen_message_read(&said, bytes, length, anmen_down_shapes, 7) != ANMEN_TAKEN || said.tag != DOWN_LIST_PART) {
        printf("unread");
        return;
    }
    enum anmen_change change = anmen_staging_take(&staging, &list, &said);
    if (change == CHANGE_READY) {
        anmen_list_apply(&list, &staging);
    }
    printf("%s %llu %llu ", names[change], (unsigned long long)list.version, (unsigned long long)list.count);
    (void)anmen_list_digest(&list, NULL, list.digest);
    print_bytes(list.digest, sizeof list.digest);
}

void do_verifier(struct words *words)
{
    uint8_t key[32];
    uint8_t verifier[ANMEN_VERIFIER];
    enum anmen_entry_type type = (enum anmen_entry_type)words_number(words);

    words_exactly(words, key, sizeof key);
    if (anmen_verifier(verifier, key, type, words_utf8(words))) {
        print_bytes(verifier, sizeof verifier);
    }
}

void do_number(struct words *words)
{
    char normal[64];

    if (anmen_normalise_number(normal, sizeof normal, words_utf8(words))) {
        print_bytes((const uint8_t *)normal, strlen(normal));
    } else {
        printf("too_long");
    }
}

/* decide TYPE VERIFIER CLOCK_SET UNIX_MS CONTACT_MS WITHIN_UNSET FLOOR_MS ENTRY… */
void do_decide(struct words *words)
{
    uint8_t verifier[ANMEN_VERIFIER];
    enum anmen_entry_type type = (enum anmen_entry_type)words_number(words);
    struct anmen_moment moment;

    words_exactly(words, verifier, sizeof verifier);
    moment.clock_set = words_number(words) != 0;
    moment.unix_ms = words_number(words);
    moment.contact_ms = words_number(words);
    moment.within_unset = words_number(words) != 0;
    moment.floor_ms = words_number(words);
    if (!read_list(words)) {
        printf("bad_content");
        return;
    }
    struct anmen_verdict verdict = anmen_decide(&list, type, verifier, &moment);
    printf("%s %u %d ", verdict.opens ? "opens" : "refused", (unsigned)verdict.reason, verdict.duress ? 1 : 0);
    if (verdict.recognised) {
        printf("%llu", (unsigned long long)verdict.credential_id);
    } else {
        printf("-");
    }
}

/* tries AT…: of wrong tries at these times, a letter each: t taken, a taken and alarm, l locked out. */
void do_tries(struct words *words)
{
    struct anmen_tries tries = {0};

    while (words_left(words)) {
        uint64_t now = words_number(words);
        if (anmen_tries_locked_out(&tries, now)) {
            printf("l");
        } else {
            printf(anmen_tries_wrong(&tries, now) ? "a" : "t");
        }
    }
}
