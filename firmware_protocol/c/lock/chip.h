/* A clock chip with a cell of its own, played by a file: what the lock's clock is ahead of this machine's. */
#ifndef ANMEN_CHIP_H
#define ANMEN_CHIP_H

#include <stdint.h>

/* Unix milliseconds that the chip shows; 0 when it has stopped: there is no such file. */
uint64_t chip_read(const char *path);
/* Sets it, if what it shows is off by 20 milliseconds or more. */
void chip_set(const char *path, uint64_t unix_ms);

#endif
