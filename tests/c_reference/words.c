#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void stop(const char *why)
{
    fprintf(stderr, "driver: %s\n", why);
    exit(2);
}

bool words_left(const struct words *words)
{
    return words->next != NULL && *words->next != '\0';
}

char *words_text(struct words *words)
{
    char *word = words->next;

    if (!words_left(words)) {
        stop("a word is missing");
    }
    char *end = strchr(word, ' ');
    if (end == NULL) {
        words->next = NULL;
    } else {
        *end = '\0';
        words->next = end + 1;
    }
    return word;
}

uint64_t words_number(struct words *words)
{
    char *end;
    const char *word = words_text(words);
    unsigned long long number = strtoull(word, &end, 10);

    if (*end != '\0') {
        stop("not a number");
    }
    return number;
}

static unsigned digit(char one)
{
    const char *digits = "0123456789abcdef";
    const char *at = one == '\0' ? NULL : strchr(digits, one);

    if (at == NULL) {
        stop("not hexadecimal");
        return 0;
    }
    return (unsigned)(at - digits);
}

size_t words_bytes(struct words *words, uint8_t *out, size_t room)
{
    const char *word = words_text(words);
    size_t length = strcmp(word, "-") == 0 ? 0 : strlen(word) / 2;

    if (length > room) {
        stop("too many bytes");
    }
    for (size_t i = 0; i < length; i++) {
        out[i] = (uint8_t)(digit(word[2 * i]) << 4 | digit(word[2 * i + 1]));
    }
    return length;
}

void words_exactly(struct words *words, uint8_t *out, size_t length)
{
    if (words_bytes(words, out, length) != length) {
        stop("too few bytes");
    }
}

const char *words_utf8(struct words *words)
{
    static char rooms[16][256];
    static unsigned next;
    char *room = rooms[next++ % 16];

    room[words_bytes(words, (uint8_t *)room, 255)] = '\0';
    return room;
}

void print_bytes(const uint8_t *at, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        printf("%02x", at[i]);
    }
    printf(length == 0 ? "- " : " ");
}
