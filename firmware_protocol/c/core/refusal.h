/* Why something was refused: the names of docs/protocol/limits.md. Zero means: not refused. */
#ifndef ANMEN_REFUSAL_H
#define ANMEN_REFUSAL_H

enum anmen_refusal {
    ANMEN_TAKEN,
    ANMEN_TOO_LARGE,
    ANMEN_MALFORMED,
    ANMEN_UNKNOWN_SESSION,
    ANMEN_NOT_AUTHENTIC,
    ANMEN_REPLAYED,
    ANMEN_UNKNOWN_MESSAGE,
    ANMEN_BAD_CONTENT,
    ANMEN_OLD_HOLDER,
    ANMEN_REFUSALS
};

#endif
