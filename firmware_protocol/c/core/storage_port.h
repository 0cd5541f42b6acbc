/* What the core needs of flash: sectors that are erased to FF and programmed once. */
#ifndef ANMEN_STORAGE_PORT_H
#define ANMEN_STORAGE_PORT_H

#include <stdbool.h>
#include <stdint.h>

struct anmen_flash {
    void *device;
    uint32_t sectors;
    uint32_t sector_size;
    bool (*read)(void *device, uint32_t address, void *out, uint32_t length);
    /* Into erased bytes only. When it returns true, a power cut no longer takes them. */
    bool (*program)(void *device, uint32_t address, const void *at, uint32_t length);
    bool (*erase)(void *device, uint32_t sector);
};

#endif
