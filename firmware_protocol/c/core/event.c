#include "event.h"

#include "cbor.h"

void anmen_event_say(struct anmen_event *event, enum anmen_field field, uint64_t number)
{
    event->said |= 1u << field;
    event->number[field] = number;
}

void anmen_event_say_digest(struct anmen_event *event, const uint8_t digest[ANMEN_DIGEST])
{
    event->said |= 1u << FIELD_DIGEST;
    event->digest = digest;
}

size_t anmen_event_write(uint8_t out[ANMEN_EVENT_MAX], const struct anmen_event *event, uint64_t sequence)
{
    struct cbor_writer to = cbor_into(out, ANMEN_EVENT_MAX);
    unsigned said = 0;

    for (unsigned field = 0; field < FIELDS; field++) {
        said += event->said >> field & 1u;
    }
    cbor_head(&to, CBOR_ARRAY, 6);
    cbor_uint(&to, (uint64_t)event->type);
    cbor_uint(&to, sequence);
    cbor_uint(&to, event->boot);
    cbor_uint(&to, event->occurred_at);
    cbor_uint(&to, (uint64_t)event->quality);
    cbor_head(&to, CBOR_MAP, said);
    for (unsigned field = 0; field < FIELDS; field++) {
        if ((event->said >> field & 1u) == 0) {
            continue;
        }
        cbor_uint(&to, field);
        if (field == FIELD_DIGEST) {
            cbor_bytes(&to, event->digest, ANMEN_DIGEST);
        } else {
            cbor_uint(&to, event->number[field]);
        }
    }
    return to.full ? 0 : to.used;
}
