/* A lock as a program: `anmen-lock PROVISION FLASH [CHIP]`. Standard input is the door: one line, one action.
     card NUMBER   pin DIGITS   handle   cut   restore   state   quit
   Each is answered by one line on standard output. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../ports/file_flash.h"
#include "chip.h"
#include "link_thread.h"

#define FLASH_SECTORS 64u /* 256 KB */

static void print_state(const struct anmen_lock *lock)
{
    unsigned long long refused = 0;

    for (unsigned i = 0; i < ANMEN_REFUSALS; i++) {
        refused += lock->refused[i];
    }
    printf("state boot=%llu epoch=%llu next=%llu stored=%llu version=%llu entries=%llu welcomed=%d clock=%u contact=%llu "
           "refused=%llu\n",
           (unsigned long long)lock->kept.boot, (unsigned long long)lock->kept.log_epoch,
           (unsigned long long)lock->log.next, (unsigned long long)lock->log.stored,
           (unsigned long long)lock->list.version, (unsigned long long)lock->list.count, lock->link.welcomed ? 1 : 0,
           lock->clock.set ? 1u : 0u, (unsigned long long)lock->kept.contact, refused);
}

/* One line from the door. False at its end. */
static bool act(struct shared_lock *shared, char *line)
{
    struct anmen_lock *lock = &shared->lock;
    uint64_t now = uptime_of(shared);
    bool more = true;

    (void)pthread_mutex_lock(&shared->mutex);
    if (strncmp(line, "card ", 5) == 0) {
        puts(anmen_lock_card(lock, line + 5, now) ? "opened" : "refused");
    } else if (strncmp(line, "pin ", 4) == 0) {
        puts(anmen_lock_pin(lock, line + 4, now) ? "opened" : "refused");
    } else if (strcmp(line, "handle") == 0) {
        anmen_lock_handle(lock, now);
        puts("opened");
    } else if (strcmp(line, "cut") == 0 || strcmp(line, "restore") == 0) {
        atomic_store(&shared->cut, line[0] == 'c');
        puts("done");
    } else if (strcmp(line, "state") == 0) {
        print_state(lock);
    } else if (strcmp(line, "quit") == 0) {
        more = false;
    } else {
        puts("card NUMBER, pin DIGITS, handle, cut, restore, state or quit");
    }
    (void)pthread_mutex_unlock(&shared->mutex);
    (void)fflush(stdout);
    (void)!write(shared->wake[1], "!", 1);
    return more;
}

int main(int count, char **words)
{
    static struct shared_lock shared = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    static struct provision provision;
    struct anmen_file_flash device = {.sync = getenv("ANMEN_LOCK_NO_SYNC") == NULL};
    struct anmen_flash flash;
    pthread_t link;
    char line[256];

    if (count != 3 && count != 4) {
        fprintf(stderr, "anmen-lock PROVISION FLASH [CHIP]\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    if (!provision_read(&provision, words[1])) {
        return 2;
    }
    if (!anmen_file_flash_open(&flash, &device, words[2], FLASH_SECTORS)) {
        perror(words[2]);
        return 1;
    }
    shared.provision = &provision;
    shared.chip = count == 4 ? words[3] : NULL;
    shared.begun = 0;
    shared.begun = uptime_of(&shared);
    if (!anmen_lock_start(&shared.lock, &provision.who, &flash, shared.chip == NULL ? 0 : chip_read(shared.chip), 0)) {
        fprintf(stderr, "the lock does not start: its flash or a key cannot be used\n");
        return 1;
    }
    if (pipe(shared.wake) != 0 || pthread_create(&link, NULL, link_run, &shared) != 0) {
        perror("link");
        return 1;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (!act(&shared, line)) {
            atomic_store(&shared.stop, true);
            (void)!write(shared.wake[1], "!", 1);
            return pthread_join(link, NULL) == 0 ? 0 : 1;
        }
    }
    for (;;) {
        (void)pause(); /* nobody at the door any more; the lock goes on */
    }
}
