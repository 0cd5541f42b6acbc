#ifndef DRIVER_H
#define DRIVER_H

#include "refusal.h"
#include "words.h"

const char *refusal_name(enum anmen_refusal refusal);

void do_keys(struct words *words);
void do_seal(struct words *words);
void do_up(struct words *words);
void do_down(struct words *words);
void do_message(struct words *words);
void do_cbor(struct words *words);
void do_replay(struct words *words);

void do_entry(struct words *words);
void do_digest(struct words *words);
void do_verifier(struct words *words);
void do_number(struct words *words);
void do_decide(struct words *words);
void do_list(struct words *words);
void do_part(struct words *words);
void do_tries(struct words *words);

void do_event(struct words *words);
void do_birth(struct words *words);
void do_proof(struct words *words);
void do_heartbeat(struct words *words);
void do_events(struct words *words);
void do_time(struct words *words);
void do_refused(struct words *words);
void do_will(struct words *words);

#endif
