#define _POSIX_C_SOURCE 200809L
#include "link_thread.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../core/crypto_port.h"
#include "chip.h"

#define FIRST_PAUSE_MS 500u
#define LAST_PAUSE_MS 60000u
#define TICK_MS 30000u

struct topics {
    char up[64];
    char down[64];
    char holder[64];
};

static uint64_t monotonic_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t uptime_of(const struct shared_lock *shared)
{
    return monotonic_ms() - shared->begun;
}

static void name_topics(struct topics *topics, const char *lock_id)
{
    unsigned shard = anmen_shard(lock_id);

    (void)snprintf(topics->up, sizeof topics->up, "anmen/1/%02u/%s/up", shard, lock_id);
    (void)snprintf(topics->down, sizeof topics->down, "anmen/1/%02u/%s/down", shard, lock_id);
    (void)snprintf(topics->holder, sizeof topics->holder, "anmen/1/%02u/holder", shard);
}

static bool connect_once(struct shared_lock *shared, struct mqtt *link, const struct topics *topics)
{
    uint8_t will[ANMEN_SEND_MAX];

    (void)pthread_mutex_lock(&shared->mutex);
    size_t length = anmen_lock_will(&shared->lock, will, sizeof will);
    (void)pthread_mutex_unlock(&shared->mutex);
    if (length == 0 || !mqtt_connect(link, &shared->provision->account, topics->up, will, length, uptime_of(shared))
        || !mqtt_subscribe(link, topics->down, topics->holder, uptime_of(shared))) {
        return false;
    }
    (void)pthread_mutex_lock(&shared->mutex);
    anmen_lock_connected(&shared->lock, uptime_of(shared));
    (void)pthread_mutex_unlock(&shared->mutex);
    return true;
}

static bool say_all(struct shared_lock *shared, struct mqtt *link, const struct topics *topics, uint64_t *due)
{
    uint8_t frame[ANMEN_SEND_MAX];
    size_t length;

    do {
        uint64_t now = uptime_of(shared);
        (void)pthread_mutex_lock(&shared->mutex);
        anmen_lock_tick(&shared->lock, now);
        length = anmen_lock_send(&shared->lock, frame, sizeof frame, now);
        *due = anmen_lock_deadline(&shared->lock, now);
        if (shared->chip != NULL && shared->lock.clock.answered) {
            chip_set(shared->chip, anmen_clock_now(&shared->lock.clock, uptime_of(shared)));
        }
        (void)pthread_mutex_unlock(&shared->mutex);
        if (length != 0 && !mqtt_publish(link, topics->up, frame, length, now)) {
            return false;
        }
    } while (length != 0);
    return true;
}

/* Each message is answered before the next one is heard. */
static bool hear_all(struct shared_lock *shared, struct mqtt *link, const struct topics *topics)
{
    struct mqtt_message message;
    uint64_t due;
    int taken;

    while ((taken = mqtt_take(link, &message, uptime_of(shared))) == 1) {
        bool down = message.topic_length == strlen(topics->down)
                    && memcmp(message.topic, topics->down, message.topic_length) == 0;
        (void)pthread_mutex_lock(&shared->mutex);
        if (down) {
            (void)anmen_lock_receive(&shared->lock, message.payload, message.length, uptime_of(shared));
        } else {
            anmen_lock_announced(&shared->lock, uptime_of(shared));
        }
        (void)pthread_mutex_unlock(&shared->mutex);
        if (!say_all(shared, link, topics, &due)) {
            return false;
        }
    }
    return taken == 0;
}

static void empty(int pipe_end)
{
    char bytes[64];

    (void)!read(pipe_end, bytes, sizeof bytes);
}

static void speak_until_it_breaks(struct shared_lock *shared, struct mqtt *link, const struct topics *topics)
{
    uint64_t due = 0;

    while (!atomic_load(&shared->stop) && !atomic_load(&shared->cut) && hear_all(shared, link, topics)
           && say_all(shared, link, topics, &due)
           && mqtt_keep_alive(link, uptime_of(shared))) {
        uint64_t now = uptime_of(shared);
        uint64_t wait = due > now ? due - now : 0;
        struct pollfd ends[2] = {{.fd = link->socket, .events = POLLIN}, {.fd = shared->wake[0], .events = POLLIN}};
        (void)poll(ends, 2, SSL_pending(link->stream) > 0 ? 0 : wait < 1000 ? (int)wait + 1 : 1000);
        if ((ends[1].revents & POLLIN) != 0) {
            empty(shared->wake[0]);
        }
    }
}

static void pause_for(struct shared_lock *shared, uint64_t pause_ms)
{
    uint64_t until = uptime_of(shared) + pause_ms;

    while (!atomic_load(&shared->stop) && uptime_of(shared) < until) {
        struct pollfd end = {.fd = shared->wake[0], .events = POLLIN};
        if (poll(&end, 1, (int)(until - uptime_of(shared)) + 1) > 0) {
            empty(shared->wake[0]);
        }
    }
}

/* Between half of it and all of it, so that a town's locks do not come back in one second. */
static uint64_t with_chance(uint64_t pause_ms)
{
    uint16_t drawn = 0;

    (void)anmen_random((uint8_t *)&drawn, sizeof drawn);
    return pause_ms / 2 + pause_ms / 2 * drawn / 65535;
}

/* Disconnected: what is told to the lock, and its turn to come back. */
static uint64_t lose_link(struct shared_lock *shared)
{
    (void)pthread_mutex_lock(&shared->mutex);
    anmen_lock_disconnected(&shared->lock);
    anmen_lock_tick(&shared->lock, uptime_of(shared));
    uint64_t slot_ms = anmen_lock_slot(&shared->lock);
    (void)pthread_mutex_unlock(&shared->mutex);
    return slot_ms;
}

void *link_run(void *shared_lock)
{
    static struct mqtt link;
    struct shared_lock *shared = shared_lock;
    struct topics topics;
    uint64_t failed_ms = FIRST_PAUSE_MS;

    name_topics(&topics, shared->provision->who.lock_id);
    if (!mqtt_prepare(&link, &shared->provision->account)) {
        fprintf(stderr, "the certificate, its key or the authority's certificate cannot be read\n");
        return NULL;
    }
    pause_for(shared, lose_link(shared)); /* its turn, as after every loss (ANM-SES-023) */
    while (!atomic_load(&shared->stop)) {
        if (atomic_load(&shared->cut)) {
            pause_for(shared, 100);
            continue;
        }
        bool connected = connect_once(shared, &link, &topics);
        if (connected) {
            failed_ms = FIRST_PAUSE_MS;
            speak_until_it_breaks(shared, &link, &topics);
        }
        mqtt_close(&link);
        uint64_t slot_ms = lose_link(shared);
        if (connected) {
            pause_for(shared, slot_ms != 0 ? slot_ms : with_chance(1000));
        } else {
            pause_for(shared, with_chance(failed_ms));
            failed_ms = failed_ms * 2 < LAST_PAUSE_MS ? failed_ms * 2 : LAST_PAUSE_MS;
        }
    }
    SSL_CTX_free(link.tls);
    return NULL;
}
