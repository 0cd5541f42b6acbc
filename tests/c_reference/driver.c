/* The core, one call a line: words in, an answer out. Tests speak to it; it is no part of a lock. */
#include <stdio.h>
#include <string.h>

#include "driver.h"

static const struct {
    const char *name;
    void (*run)(struct words *words);
} verbs[] = {
    {"keys", do_keys},       {"seal", do_seal},         {"up", do_up},         {"down", do_down},
    {"message", do_message}, {"entry", do_entry},       {"digest", do_digest}, {"verifier", do_verifier},
    {"number", do_number},   {"event", do_event},       {"cbor", do_cbor},     {"replay", do_replay},
    {"decide", do_decide},   {"list", do_list},         {"part", do_part},     {"birth", do_birth},
    {"proof", do_proof},     {"heartbeat", do_heartbeat}, {"events", do_events}, {"time", do_time},
    {"refused", do_refused}, {"will", do_will},         {"tries", do_tries},
};

const char *refusal_name(enum anmen_refusal refusal)
{
    static const char *const names[ANMEN_REFUSALS] = {
        "taken",    "too_large",       "malformed",   "unknown_session", "not_authentic",
        "replayed", "unknown_message", "bad_content", "old_holder",
    };
    return names[refusal];
}

int main(void)
{
    static char line[300000];

    while (fgets(line, sizeof line, stdin) != NULL) {
        struct words words = {line};
        line[strcspn(line, "\n")] = '\0';
        const char *verb = words_text(&words);
        for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
            if (strcmp(verb, verbs[i].name) == 0) {
                verbs[i].run(&words);
            }
        }
        printf("\n");
        fflush(stdout);
    }
    return 0;
}
