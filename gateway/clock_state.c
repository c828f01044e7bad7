#include "gateway/clock_state.h"

#include <fcntl.h>
#include <stdlib.h>

#include "common/bytes.h"
#include "common/cleanup.h"

struct clock_rule clock_rule_default(void)
{
    return (struct clock_rule){
        .tolerance_ms = 1000, .drift_ppm = 200, .step_limit_ms = 600 * 1000, .insist_ms = 24 * 3600 * INT64_C(1000)};
}

void clock_state_begin(struct clock_state *state, const struct clock_rule *rule, int64_t newest_journaled_ms)
{
    *state = (struct clock_state){.rule = *rule, .ratchet_ms = newest_journaled_ms};
}

static int64_t allowed_ms(const struct clock_state *state, int64_t since_boot_ms, int64_t now_boot_ms)
{
    return state->rule.tolerance_ms + (now_boot_ms - since_boot_ms) * state->rule.drift_ppm / 1000000;
}

static void confirm_line(struct clock_state *state, int64_t difference_ms, int64_t boot_ms)
{
    state->has_line = true;
    state->line_ms = difference_ms;
    state->line_boot_ms = boot_ms;
    state->suspect = false;
}

/* Notes what is not followed; true when it is new, so that it is told once. */
static bool suspect_anew(struct clock_state *state, int64_t difference_ms, int64_t boot_ms)
{
    bool known = state->suspect && llabs(difference_ms - state->refused_ms) <=
                                       allowed_ms(state, state->refused_boot_ms, boot_ms);
    if (known)
        return false;
    state->suspect = true;
    state->refused_ms = difference_ms;
    state->refused_boot_ms = boot_ms;
    return true;
}

static bool source_insists(const struct clock_state *state, int64_t boot_ms)
{
    return state->suspect && boot_ms - state->refused_boot_ms >= state->rule.insist_ms;
}

/* How far a reading is from where it may be without question: from the line, or before there is one from the ratchet. */
static int64_t astray_ms(const struct clock_state *state, const struct clock_reading *reading)
{
    if (state->has_line)
        return reading->wall_ms - reading->boot_ms - state->line_ms;
    return reading->wall_ms < state->ratchet_ms ? reading->wall_ms - state->ratchet_ms : 0;
}

/* The difference of wall and boot time to claim, and whether it counts as synchronised. */
static int64_t follow(struct clock_state *state, const struct clock_reading *reading, struct clock_change *change,
                      bool *synchronised)
{
    int64_t difference_ms = reading->wall_ms - reading->boot_ms;
    int64_t astray = astray_ms(state, reading);
    bool within = state->has_line && llabs(astray) <= allowed_ms(state, state->line_boot_ms, reading->boot_ms);
    *synchronised = false;
    if (reading->synchronised && (within || llabs(astray) <= state->rule.step_limit_ms)) {
        confirm_line(state, difference_ms, reading->boot_ms);
        *synchronised = true;
        return difference_ms;
    }
    if (within) {
        state->suspect = false;
        return state->line_ms; /* no source any more; boot time carries on at the rate learnt from it */
    }
    if (!state->has_line && !reading->synchronised)
        return reading->wall_ms < state->ratchet_ms ? state->ratchet_ms - reading->boot_ms : difference_ms;
    if (suspect_anew(state, difference_ms, reading->boot_ms))
        *change = (struct clock_change){.event = CLOCK_SUSPECTED, .gained_ms = astray};
    if (reading->synchronised && source_insists(state, reading->boot_ms)) {
        confirm_line(state, difference_ms, reading->boot_ms);
        *synchronised = true;
        return difference_ms;
    }
    return state->has_line ? state->line_ms : state->ratchet_ms - reading->boot_ms;
}

/* Before the first synchronisation the ratchet must not stand still, nor jump at each reading. */
static int64_t carried_on(const struct clock_state *state, const struct clock_reading *reading, int64_t difference_ms)
{
    bool at_ratchet = !state->has_line && difference_ms == state->ratchet_ms - reading->boot_ms;
    return at_ratchet && state->claimed && state->claimed_ms > difference_ms ? state->claimed_ms : difference_ms;
}

struct clock_claim clock_state_tick(struct clock_state *state, const struct clock_reading *reading,
                                    struct clock_change *change)
{
    *change = (struct clock_change){.event = CLOCK_STEADY};
    bool synchronised;
    int64_t difference_ms = follow(state, reading, change, &synchronised);
    difference_ms = carried_on(state, reading, difference_ms);
    int64_t moved_ms = difference_ms - state->claimed_ms;
    if (state->claimed && llabs(moved_ms) > allowed_ms(state, state->claimed_boot_ms, reading->boot_ms)) {
        *change = (struct clock_change){.event = CLOCK_STEPPED, .gained_ms = moved_ms, .seal = true};
    } else if (state->claimed && synchronised != state->claimed_synchronised) {
        change->seal = true;
    }
    state->claimed = true;
    state->claimed_ms = difference_ms;
    state->claimed_boot_ms = reading->boot_ms;
    state->claimed_synchronised = synchronised;
    return (struct clock_claim){.wall_ms = reading->boot_ms + difference_ms,
                                .boot_ms = reading->boot_ms,
                                .synchronised = synchronised,
                                .error_ms = synchronised ? reading->error_ms : 0};
}

enum outcome clock_boot_id_read(const char *path, uint8_t boot_id[16], struct why *why)
{
    scoped_by(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[64], hex[33];
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text);
    size_t digits = 0;
    for (ssize_t i = 0; i < len && digits < sizeof hex - 1 && text[i] != '\n'; i++)
        if (text[i] != '-')
            hex[digits++] = text[i];
    hex[digits] = '\0';
    if (digits != 32 || !bytes_from_hex(hex, boot_id, 16))
        return fail(why, RETRY, "no boot id in %s", path);
    return DONE;
}
