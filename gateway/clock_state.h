/* Clock state: what this gateway claims the time to be, and how surely.
 *
 * Boards without a clock boot in the past, and time sources err. Three rules:
 *   the ratchet     until the kernel is synchronised, the time claimed is never before the newest one ever journaled, so
 *                   that certificates are valid and TLS can start;
 *   the line        once synchronised, the clock is held to boot time: a synchronised clock that moves by more than
 *                   `step_limit_ms` against it is not followed (CLOCK_SUSPECT); what is taken meanwhile carries its boot
 *                   time and is timed by the server from the bodies sealed before. A source that insists for `insist_ms`
 *                   is followed after all, so that a first, wrong synchronisation does not last forever;
 *   the flag        only a kernel-synchronised clock on its line is claimed as synchronised.
 * Durations and schedules use boot time and never see any of this.
 *
 * Pure: readings of the clock come in (common/clock.h).
 */
#ifndef GATEWAY_CLOCK_STATE_H
#define GATEWAY_CLOCK_STATE_H

#include "common/clock.h"
#include "common/outcome.h"

struct clock_rule {
    int64_t tolerance_ms;  /* a difference up to here is no step */
    int64_t drift_ppm;     /* plus this much of the time since the line was last confirmed */
    int64_t step_limit_ms;
    int64_t insist_ms;
};

/* 1 s, 200 ppm, 10 min, 24 h. */
struct clock_rule clock_rule_default(void);

struct clock_state {
    struct clock_rule rule;
    int64_t ratchet_ms;
    bool has_line;
    int64_t line_ms;         /* wall time minus boot time, last confirmed at… */
    int64_t line_boot_ms;
    bool claimed;            /* something was claimed before, with… */
    int64_t claimed_ms;      /* …this difference, at… */
    int64_t claimed_boot_ms;
    bool claimed_synchronised;
    bool suspect;
    int64_t refused_ms;      /* the difference that is not followed, first seen at… */
    int64_t refused_boot_ms;
};

struct clock_claim {
    int64_t wall_ms;
    int64_t boot_ms;
    bool synchronised;
    uint32_t error_ms;
};

enum clock_event { CLOCK_STEADY, CLOCK_STEPPED, CLOCK_SUSPECTED };

struct clock_change {
    enum clock_event event;
    int64_t gained_ms;   /* STEPPED: by how much the claimed time moved; SUSPECTED: what was asked for and refused */
    bool seal;           /* the claim changed its nature: seal what was taken under the old one */
};

/* `newest_journaled_ms`: the newest time in the outbox, 0 when it is empty. */
void clock_state_begin(struct clock_state *state, const struct clock_rule *rule, int64_t newest_journaled_ms);

/* Takes one reading of the machine's clock and says what to claim. `change` tells what happened since the call before. */
struct clock_claim clock_state_tick(struct clock_state *state, const struct clock_reading *reading,
                                    struct clock_change *change);

/* The 16 bytes of a boot id file ("/proc/sys/kernel/random/boot_id": a UUID as text). */
MUST_CHECK enum outcome clock_boot_id_read(const char *path, uint8_t boot_id[16], struct why *why);

#endif
