/* One line of the driver: words, and how they are read. A word that cannot be read ends the program. */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct words {
    char *next;
};

bool words_left(const struct words *words);
char *words_text(struct words *words);
uint64_t words_number(struct words *words);
/* Hexadecimal, `-` for nothing; how many bytes. */
size_t words_bytes(struct words *words, uint8_t *out, size_t room);
/* Exactly so many. */
void words_exactly(struct words *words, uint8_t *out, size_t length);
void print_bytes(const uint8_t *at, size_t length);
/* A text given as hexadecimal; stays valid until the sixteenth later call. */
const char *words_utf8(struct words *words);

#endif
