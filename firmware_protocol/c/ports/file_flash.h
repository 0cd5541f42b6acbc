/* A file as flash: erased bytes are FF, programming only clears bits, everything is synced before it counts. */
#ifndef ANMEN_FILE_FLASH_H
#define ANMEN_FILE_FLASH_H

#include "../core/storage_port.h"

struct anmen_file_flash {
    int file;
    bool sync; /* false in tests that kill only the process */
};

/* Opens or creates it. False with errno set when that fails. */
bool anmen_file_flash_open(struct anmen_flash *flash, struct anmen_file_flash *device, const char *path,
                           uint32_t sectors);

#endif
