/* The protected header, written and read. Labels are those of docs/protocol/frames.md. */
#ifndef ANMEN_FRAME_HEADER_H
#define ANMEN_FRAME_HEADER_H

#include "frame.h"

#define ANMEN_HEADER_ALG 1
#define ANMEN_HEADER_KID 4
#define ANMEN_HEADER_IV 6
#define ANMEN_HEADER_KIND (-70001)
#define ANMEN_HEADER_EPHEMERAL (-70002)
#define ANMEN_HEADER_HOLDER (-70003)

/* The longest header is a birth's: 101 bytes. */
#define ANMEN_HEADER_MAX 104u

size_t anmen_header_write(uint8_t *at, size_t room, const struct anmen_header *header);
bool anmen_header_read(struct anmen_header *header, const uint8_t *at, size_t length);

#endif
