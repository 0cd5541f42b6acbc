#define _POSIX_C_SOURCE 200809L
#include "chip.h"

#include <stdio.h>
#include <time.h>

static long long machine_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t chip_read(const char *path)
{
    long long ahead = 0;
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        return 0;
    }
    int read = fscanf(file, "%lld", &ahead);
    (void)fclose(file);
    return read == 1 && machine_ms() + ahead > 0 ? (uint64_t)(machine_ms() + ahead) : 0;
}

void chip_set(const char *path, uint64_t unix_ms)
{
    uint64_t shown = chip_read(path);
    FILE *file;

    if (shown + 20 > unix_ms && unix_ms + 20 > shown) {
        return;
    }
    file = fopen(path, "w");
    if (file != NULL) {
        (void)fprintf(file, "%lld\n", (long long)unix_ms - machine_ms());
        (void)fclose(file);
    }
}
