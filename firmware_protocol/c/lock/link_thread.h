/* The link to the broker, in a thread of its own: the door never waits for it. */
#ifndef ANMEN_LINK_THREAD_H
#define ANMEN_LINK_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "../core/lock.h"
#include "provision.h"

/* One lock, and the mutex under which it is touched. */
struct shared_lock {
    struct anmen_lock lock;
    pthread_mutex_t mutex;
    int wake[2]; /* a byte for every action at the door */
    uint64_t begun;
    atomic_bool stop;
    atomic_bool cut; /* somebody holds the cable */
    const struct provision *provision;
    const char *chip; /* file, NULL without one */
};

/* Milliseconds since this lock booted. */
uint64_t uptime_of(const struct shared_lock *shared);
/* Connects, speaks, hears, and begins again after a break; for pthread_create. Returns soon after `stop` is set and a byte
   stands in `wake`. */
void *link_run(void *shared_lock);

#endif
