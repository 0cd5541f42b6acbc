#include "slots.h"

#include <string.h>

#define MAGIC 0x416E6D31u /* "Anm1"; another layout of what is kept takes another */

struct slot_header {
    uint32_t magic;
    uint32_t generation;
    uint32_t length;
    uint32_t crc; /* over generation, length and value */
};

uint32_t anmen_crc32(uint32_t crc, const void *at, uint32_t length)
{
    const uint8_t *bytes = at;

    crc = ~crc;
    for (uint32_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

static uint32_t address_of(const struct anmen_slots *slots, unsigned which)
{
    return (slots->first_sector + which * slots->sectors_each) * slots->flash->sector_size;
}

static uint32_t crc_of(const struct slot_header *header, const void *value)
{
    return anmen_crc32(anmen_crc32(0, &header->generation, 8), value, header->length);
}

static bool load_one(const struct anmen_slots *slots, unsigned which, struct slot_header *header, void *value,
                     uint32_t length)
{
    uint32_t address = address_of(slots, which);

    return slots->flash->read(slots->flash->device, address, header, sizeof *header) && header->magic == MAGIC
           && header->length == length
           && slots->flash->read(slots->flash->device, address + (uint32_t)sizeof *header, value, length)
           && header->crc == crc_of(header, value);
}

bool anmen_slots_load(struct anmen_slots *slots, void *value, uint32_t length)
{
    struct slot_header header[2];

    slots->good[0] = load_one(slots, 0, &header[0], value, length);
    slots->good[1] = load_one(slots, 1, &header[1], value, length);
    if (!slots->good[0] && !slots->good[1]) {
        slots->generation = 0;
        slots->newest = 1;
        return false;
    }
    slots->newest = slots->good[1] && (!slots->good[0] || header[1].generation > header[0].generation) ? 1 : 0;
    slots->generation = header[slots->newest].generation;
    return slots->newest == 1 || load_one(slots, 0, &header[0], value, length);
}

bool anmen_slots_save(struct anmen_slots *slots, const void *value, uint32_t length)
{
    const struct anmen_flash *flash = slots->flash;
    struct slot_header header = {.magic = MAGIC, .generation = slots->generation + 1, .length = length};
    unsigned other = 1 - slots->newest;
    uint32_t address = address_of(slots, other);

    if (length > slots->sectors_each * flash->sector_size - sizeof header) {
        return false;
    }
    header.crc = crc_of(&header, value);
    for (uint32_t i = 0; i < slots->sectors_each; i++) {
        if (!flash->erase(flash->device, slots->first_sector + other * slots->sectors_each + i)) {
            return false;
        }
    }
    if (!flash->program(flash->device, address + (uint32_t)sizeof header, value, length)
        || !flash->program(flash->device, address, &header, sizeof header)) {
        return false;
    }
    slots->generation++;
    slots->newest = other;
    return true;
}
