/* The sealed frame: COSE_Encrypt0 with AES-128-GCM (ANM-FRM-009 … 017). */
#ifndef ANMEN_FRAME_H
#define ANMEN_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys.h"
#include "refusal.h"

enum anmen_kind { ANMEN_SESSION, ANMEN_BIRTH, ANMEN_WILL, ANMEN_DOWN };

struct anmen_header {
    enum anmen_kind kind;
    uint8_t session[ANMEN_SESSION_ID];
    uint64_t counter;
    uint8_t ephemeral[ANMEN_POINT]; /* births only */
    struct anmen_holder holder;     /* down frames only */
};

/* A frame whose writing is right; its content is still sealed, and points into the frame. */
struct anmen_frame {
    struct anmen_header header;
    const uint8_t *protected_at;
    size_t protected_length;
    uint8_t *text; /* ciphertext, then the tag */
    size_t text_length; /* without the tag */
};

/* Checks all of the writing before any key is tried (ANM-FRM-010, ANM-FRM-015). */
enum anmen_refusal anmen_frame_read(struct anmen_frame *frame, uint8_t *bytes, size_t length);

/* In place: afterwards `text` is the padded message. NOT_AUTHENTIC leaves nothing to be read. */
enum anmen_refusal anmen_frame_open(const struct anmen_frame *frame, const struct anmen_frame_key *key,
                                    const char *lock_id);

/* Pads the message of `used` bytes at `out + ANMEN_HEAD_ROOM` and seals it; the frame begins at `out` and is as long as
   what is returned, 0 when it does not fit. */
#define ANMEN_HEAD_ROOM 112u
size_t anmen_frame_seal(uint8_t *out, size_t room, size_t used, const struct anmen_header *header,
                        const struct anmen_frame_key *key, const char *lock_id);

#endif
