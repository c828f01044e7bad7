#include "gateway/seal.h"

/* Reasons that hold whether anybody listens or not, the most telling first. */
static enum seal_reason at_once(const struct seal_rule *rule, const struct seal_pending *pending)
{
    if (pending->item)
        return SEAL_ITEM;
    if (pending->samples == 0)
        return SEAL_NOT_YET;
    if (pending->limit_touched)
        return SEAL_LIMIT;
    if (pending->quality_changed)
        return SEAL_QUALITY;
    if (pending->clock_changed)
        return SEAL_CLOCK;
    return pending->bytes >= rule->most_bytes ? SEAL_FULL : SEAL_NOT_YET;
}

enum seal_reason seal_decide(const struct seal_rule *rule, const struct seal_pending *pending, int64_t now_boot_ms,
                             bool receipts_overdue)
{
    enum seal_reason reason = at_once(rule, pending);
    if (reason != SEAL_NOT_YET || pending->samples == 0)
        return reason;
    if (receipts_overdue)
        return pending->most_of_a_probe >= rule->overdue_values ? SEAL_FULL : SEAL_NOT_YET;
    return now_boot_ms - pending->last_sealed_boot_ms >= rule->seal_ms ? SEAL_TIME : SEAL_NOT_YET;
}

const char *seal_word(enum seal_reason reason)
{
    static const char *const words[] = {"not_yet", "time", "limit", "quality", "item", "clock", "full"};
    return (unsigned)reason < sizeof words / sizeof words[0] ? words[reason] : "unknown";
}
