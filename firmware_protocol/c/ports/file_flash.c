#define _POSIX_C_SOURCE 200809L
#include "file_flash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 4096u

static bool flash_read(void *device, uint32_t address, void *out, uint32_t length)
{
    const struct anmen_file_flash *flash = device;

    return pread(flash->file, out, length, (off_t)address) == (ssize_t)length;
}

static bool settled(const struct anmen_file_flash *flash)
{
    return !flash->sync || fdatasync(flash->file) == 0;
}

static bool flash_program(void *device, uint32_t address, const void *at, uint32_t length)
{
    const struct anmen_file_flash *flash = device;
    const uint8_t *bytes = at;
    uint8_t held[512];

    for (uint32_t done = 0; done < length;) {
        uint32_t step = length - done < sizeof held ? length - done : (uint32_t)sizeof held;
        if (pread(flash->file, held, step, (off_t)address + done) != (ssize_t)step) {
            return false;
        }
        for (uint32_t i = 0; i < step; i++) {
            held[i] &= bytes[done + i]; /* as NOR flash does: only an erase sets bits */
        }
        if (pwrite(flash->file, held, step, (off_t)address + done) != (ssize_t)step) {
            return false;
        }
        done += step;
    }
    return settled(flash);
}

static bool flash_erase(void *device, uint32_t sector)
{
    const struct anmen_file_flash *flash = device;
    uint8_t blank[SECTOR];

    memset(blank, 0xFF, sizeof blank);
    return pwrite(flash->file, blank, sizeof blank, (off_t)sector * SECTOR) == (ssize_t)sizeof blank && settled(flash);
}

bool anmen_file_flash_open(struct anmen_flash *flash, struct anmen_file_flash *device, const char *path,
                           uint32_t sectors)
{
    struct stat is;

    device->file = open(path, O_RDWR | O_CREAT, 0600);
    if (device->file < 0 || fstat(device->file, &is) != 0) {
        return false;
    }
    *flash = (struct anmen_flash){device, sectors, SECTOR, flash_read, flash_program, flash_erase};
    for (uint32_t i = (uint32_t)(is.st_size / SECTOR); i < sectors; i++) {
        if (!flash_erase(device, i)) {
            return false;
        }
    }
    return true;
}
