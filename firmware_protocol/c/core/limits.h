/* Every number of docs/protocol/limits.md that a lock needs, and the sizes this build reserves. */
#ifndef ANMEN_LIMITS_H
#define ANMEN_LIMITS_H

#define ANMEN_BLOCK 192u
#define ANMEN_BLOCKS_MAX 64u
#define ANMEN_PLAIN_MAX (ANMEN_BLOCK * ANMEN_BLOCKS_MAX)
#define ANMEN_FRAME_MAX 12544u
#define ANMEN_TAG 16u
#define ANMEN_NESTING 8u
#define ANMEN_UINT63_MAX 0x7FFFFFFFFFFFFFFFull
#define ANMEN_UINT62_MAX 0x3FFFFFFFFFFFFFFFull
#define ANMEN_UINT53_MAX 0x1FFFFFFFFFFFFFull
#define ANMEN_TEXT_MAX 200u
#define ANMEN_POINT 65u
#define ANMEN_LOCK_ID 14u
#define ANMEN_SESSION_ID 8u
#define ANMEN_DIGEST 32u
#define ANMEN_VERIFIER 16u

#define ANMEN_EVENT_MAX 175u          /* ANM-EVT-005 */
#define ANMEN_EVENTS_IN_FRAME 8u      /* ANM-EVT-008 */
#define ANMEN_ON_THEIR_WAY 32u        /* ANM-EVT-007, ANM-EVT-008 */
#define ANMEN_BACKFILL_RATE 50u       /* before a welcome */
#define ANMEN_FIRST_WAIT_MS 5000u     /* birth and probe */
#define ANMEN_LAST_WAIT_MS 300000u
#define ANMEN_GAP_AGAIN_MS 2000u      /* ANM-EVT-019 */
#define ANMEN_ANNOUNCED_MS 500u       /* ANM-SES-021 */
#define ANMEN_SILENT_HEARTBEATS 3u    /* ANM-SES-019 */
#define ANMEN_SLOT_MAX_MS 600000u     /* ANM-SES-022 */
#define ANMEN_LIVE_WAY_MS 5000u       /* ANM-SES-031 */
#define ANMEN_ALARM_ROOM 8u           /* beside the live events on their way (ANM-SES-030) */
#define ANMEN_AFTER_MS 30000u         /* ANM-DOR-012 */
#define ANMEN_TIME_BELIEVED_MS 2000u  /* ANM-TIM-002 */
#define ANMEN_TIME_ASKED_MS 3600000u  /* ANM-TIM-003 */
#define ANMEN_SYNCED_MS 86400000u     /* ANM-TIM-005 */
#define ANMEN_UNSET_S 86400u          /* ANM-DOR-004 */
#define ANMEN_CLOCK_MOVED_MS 2000u    /* ANM-TIM-006 */
#define ANMEN_WRONG_TRIES 5u          /* ANM-DOR-008 */
#define ANMEN_WRONG_WITHIN_MS 300000u
#define ANMEN_LOCKED_OUT_MS 90000u
#define ANMEN_REFUSED_AGAIN_MS 60000u /* ANM-LST-016 */

#define ANMEN_ENTRY_MAX 512u
#define ANMEN_PARTS_MAX 1024u
#define ANMEN_ITEMS_IN_PART 64u

/* What this build reserves; the birth says it as the capability `list_entries`. */
#ifndef ANMEN_LIST_ENTRIES
#define ANMEN_LIST_ENTRIES 128u
#endif

/* The largest frame that a lock of the core profile sends: eight stored events of 175 bytes are eight blocks. */
#define ANMEN_SEND_BLOCKS 8u
#define ANMEN_SEND_MAX (ANMEN_SEND_BLOCKS * ANMEN_BLOCK + 160u)

#endif
