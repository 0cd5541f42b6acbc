#include "lock.h"

#include <string.h>

#include "crypto_port.h"

/* The uptime without a clock is written down ahead, in steps: a power cut makes it longer, never shorter. */
#define UNSET_STEP_S 300u

uint32_t anmen_list_sectors(const struct anmen_flash *flash)
{
    return ((uint32_t)sizeof(struct anmen_list) + 16u + flash->sector_size - 1u) / flash->sector_size;
}

struct anmen_event anmen_lock_event(const struct anmen_lock *lock, enum anmen_event_type type, uint64_t now)
{
    return (struct anmen_event){.type = type,
                                .boot = lock->kept.boot,
                                .occurred_at = anmen_clock_now(&lock->clock, now),
                                .quality = anmen_clock_quality(&lock->clock, now)};
}

static enum anmen_urgency urgency_of(const struct anmen_event *event)
{
    if (event->type != EVENT_ALARM) {
        return ANMEN_USUAL;
    }
    return event->number[FIELD_CODE] == ALARM_FORCED_USER ? ANMEN_CALL_FOR_HELP : ANMEN_ALARM;
}

bool anmen_lock_record(struct anmen_lock *lock, const struct anmen_event *event, uint64_t now)
{
    uint64_t before = lock->log.next;
    uint64_t given = anmen_log_append(&lock->log, event);

    for (uint64_t sequence = before; sequence < lock->log.next; sequence++) {
        anmen_sender_recorded(&lock->sender, sequence, urgency_of(event), now);
    }
    return given != 0;
}

bool anmen_lock_keep(struct anmen_lock *lock)
{
    return anmen_slots_save(&lock->kept_slots, &lock->kept, sizeof lock->kept);
}

void anmen_lock_keep_tries(struct anmen_lock *lock)
{
    if (lock->kept.wrong_tries != lock->tries.count) {
        lock->kept.wrong_tries = lock->tries.count;
        (void)anmen_lock_keep(lock);
    }
}

static bool draw_epoch(struct anmen_lock *lock)
{
    uint8_t drawn[8];

    if (!anmen_random(drawn, sizeof drawn)) {
        return false;
    }
    memcpy(&lock->kept.log_epoch, drawn, sizeof drawn);
    lock->kept.log_epoch &= ANMEN_UINT63_MAX;
    return true;
}

static bool open_log(struct anmen_lock *lock, uint32_t first_sector)
{
    bool kept = anmen_slots_load(&lock->kept_slots, &lock->kept, sizeof lock->kept);

    if (!kept) {
        lock->kept = (struct anmen_kept){0};
    }
    anmen_log_open(&lock->log, lock->flash, first_sector, lock->flash->sectors - first_sector);
    if (!kept || (lock->log.next == 1 && lock->kept.log_begun != 0)) {
        /* Without its epoch a log is worth nothing, and an epoch whose log is lost must not number again. */
        if (!anmen_log_erase(&lock->log) || !draw_epoch(lock)) {
            return false;
        }
    }
    return true;
}

static void charge_unset(struct anmen_lock *lock)
{
    lock->unset_begin_s = lock->kept.unset_s;
    lock->kept.unset_s += UNSET_STEP_S;
}

uint64_t anmen_lock_slot(const struct anmen_lock *lock)
{
    return lock->kept.slot_ms;
}

void anmen_lock_tick(struct anmen_lock *lock, uint64_t now)
{
    if (!lock->clock.set && lock->kept.unset_s < ANMEN_UNSET_S
        && lock->unset_begin_s + now / 1000 + UNSET_STEP_S / 2 > lock->kept.unset_s) {
        lock->kept.unset_s += UNSET_STEP_S;
        (void)anmen_lock_keep(lock);
    }
    anmen_tries_forget(&lock->tries, now);
    anmen_lock_keep_tries(lock);
}

static void declare_holes(struct anmen_lock *lock, uint64_t now)
{
    struct anmen_event stamp = anmen_lock_event(lock, EVENT_EVENTS_LOST, now);
    uint64_t from = 1;

    do {
        from = anmen_log_declare_hole(&lock->log, from, &stamp);
    } while (from != 0);
}

bool anmen_lock_start(struct anmen_lock *lock, const struct anmen_identity *who, const struct anmen_flash *flash,
                      uint64_t chip, uint64_t now)
{
    uint32_t list_sectors = anmen_list_sectors(flash);

    memset(lock, 0, sizeof *lock);
    lock->who = who;
    lock->flash = flash;
    lock->hardware = "anmen-c";
    lock->firmware = "1.0.0";
    lock->battery = 100;
    lock->kept_slots = (struct anmen_slots){.flash = flash, .sectors_each = ANMEN_KEPT_SECTORS};
    lock->list_slots = (struct anmen_slots){
        .flash = flash, .first_sector = 2 * ANMEN_KEPT_SECTORS, .sectors_each = list_sectors};
    if (!anmen_lock_id_is_good(who->lock_id) || flash->sectors < 2 * ANMEN_KEPT_SECTORS + 2 * list_sectors + 2
        || !open_log(lock, 2 * ANMEN_KEPT_SECTORS + 2 * list_sectors)) {
        return false;
    }
    if (!anmen_slots_load(&lock->list_slots, &lock->list, sizeof lock->list)
        || lock->list.count > ANMEN_LIST_ENTRIES) {
        anmen_list_clear(&lock->list);
    }
    anmen_sender_start(&lock->sender);
    anmen_clock_start(&lock->clock, lock->kept.time_floor, chip, now);
    anmen_tries_restart(&lock->tries, (unsigned)lock->kept.wrong_tries, now);
    lock->kept.boot++;
    lock->kept.log_begun = 1;
    if (!lock->clock.set) {
        charge_unset(lock);
    }
    if (!anmen_lock_keep(lock) || !anmen_boot_keys_draw(&lock->keys, who)) {
        return false;
    }
    declare_holes(lock, now);
    struct anmen_event started = anmen_lock_event(lock, EVENT_STARTED, now);
    return anmen_lock_record(lock, &started, now);
}
