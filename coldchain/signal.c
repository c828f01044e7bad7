#include "coldchain/signal.h"

void signal_fold_begin(struct signal_fold *fold, struct signal_watch rule)
{
    *fold = (struct signal_fold){.rule = rule};
}

/* The candidate as it stands when it ends at `at`. */
static struct excursion ended(const struct signal_fold *fold, int64_t at, int64_t heard)
{
    struct excursion out = fold->candidate;
    int64_t confirmable = out.opened_at + fold->rule.delay_ms;
    out.closed_at = at;
    out.ended = at == TIME_OPEN ? END_OPEN : END_RECOVERED;
    if (at >= confirmable && heard >= confirmable)
        out.confirmed_at = confirmable;
    return out;
}

bool signal_fold_add(struct signal_fold *fold, const struct signal_record *record, int64_t heard,
                     struct excursion *closed)
{
    bool holds = record->state == fold->rule.state;
    if (fold->open && !holds) {
        *closed = ended(fold, record->t, heard);
        fold->open = false;
        return true;
    }
    if (!fold->open && holds) {
        fold->open = true;
        fold->candidate = (struct excursion){
            .rule = fold->rule.id,
            .opened_at = record->t,
            .confirmed_at = TIME_NONE,
            .closed_at = TIME_OPEN,
            .peak_at = TIME_NONE,
        };
    }
    return false;
}

void signal_fold_unknown(struct signal_fold *fold, int64_t from, int64_t to)
{
    if (fold->open && from < to)
        fold->candidate.unknown_ms += to - from;
}

bool signal_fold_open(const struct signal_fold *fold, int64_t heard, struct excursion *open)
{
    if (fold->open)
        *open = ended(fold, TIME_OPEN, heard);
    return fold->open;
}

int64_t signal_carries_to(int64_t next_t, int64_t silent_from, int64_t max_gap_ms)
{
    int64_t silent = silent_from == TIME_OPEN ? TIME_OPEN : silent_from + max_gap_ms;
    return next_t < silent ? next_t : silent;
}

enum excursion_class signal_class_of(const struct excursion *alarm, const struct signal_watch *rule)
{
    if (alarm->confirmed_at != TIME_NONE)
        return CLASS_EXCURSION;
    return alarm->closed_at < alarm->opened_at + rule->delay_ms ? CLASS_DEVIATION : CLASS_OPEN;
}
