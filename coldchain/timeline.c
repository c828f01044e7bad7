#include "coldchain/timeline.h"

#include "coldchain/threshold.h"

/* ---- track ---- */

static bool same_values(const struct track_piece *a, const struct track_piece *b)
{
    if (a->known != b->known || a->pending != b->pending)
        return false;
    return !a->known || (a->lowest == b->lowest && a->highest == b->highest);
}

struct track track_make(struct placed_list list, const struct carried_list *readings, int64_t max_gap_ms,
                        enum probe_role role, bool strict, int64_t from, struct arena *arena)
{
    struct walk walk;
    struct span span;
    VEC(struct track_piece) pieces = {0};
    if (!walk_begin(&walk, list, readings, max_gap_ms, role, strict, from, arena))
        return (struct track){0};
    while (walk_next(&walk, &span) && !span.after_last) {
        struct track_piece piece = {span.from, span.to, span.lowest, span.highest, span.known, span.pending};
        struct track_piece *last = pieces.count ? &pieces.items[pieces.count - 1] : NULL;
        if (last && same_values(last, &piece))
            last->to = piece.to;
        else
            vec_push(arena, &pieces, piece);
    }
    return (struct track){pieces.items, pieces.count};
}

/* ---- timeline ---- */

enum segment_state level_state(enum level level)
{
    switch (level) {
    case LEVEL_BEYOND:
        return SEGMENT_BEYOND;
    case LEVEL_UNKNOWN:
        return SEGMENT_UNKNOWN;
    case LEVEL_PENDING:
        return SEGMENT_PENDING;
    case LEVEL_HANDLING:
        return SEGMENT_HANDLING;
    case LEVEL_INSIDE:
    case LEVEL_NEAR:
    case LEVEL_UNSEEN:
        break;
    }
    return SEGMENT_INSIDE;
}

static enum level level_of(const struct timeline_fold *fold, const struct track_piece *piece)
{
    if (piece->known && threshold_beyond(fold->threshold, piece->lowest, piece->highest))
        return LEVEL_BEYOND;
    if (piece->pending)
        return LEVEL_PENDING;
    if (!piece->known)
        return LEVEL_UNKNOWN;
    return threshold_beyond(fold->inward, piece->lowest, piece->highest) ? LEVEL_NEAR : LEVEL_INSIDE;
}

struct sums sums_after(struct sums before, enum level level, int64_t from, int64_t to)
{
    struct sums after = before;
    switch (level) {
    case LEVEL_BEYOND:
        after.beyond_ms += to - from;
        if (!after.counted_run_open)
            after.runs++;
        after.counted_run_open = true;
        if (after.run_from == TIME_NONE)
            after.run_from = from;
        break;
    case LEVEL_UNKNOWN:
        after.unknown_ms += to - from;
        after.counted_run_open = false;
        break;
    case LEVEL_PENDING:
        after.pending_ms += to - from;
        after.counted_run_open = false;
        break;
    case LEVEL_INSIDE:
    case LEVEL_UNSEEN:
        after.counted_run_open = false;
        after.run_from = TIME_NONE;
        break;
    case LEVEL_NEAR:
    case LEVEL_HANDLING:
        break;
    }
    return after;
}

void timeline_fold_begin(struct timeline_fold *fold, struct threshold threshold, int64_t hysteresis_mc)
{
    *fold = (struct timeline_fold){
        .threshold = threshold,
        .inward = threshold_inward(threshold, hysteresis_mc),
        .current.before.run_from = TIME_NONE,
    };
}

bool timeline_fold_add(struct timeline_fold *fold, const struct track_piece *piece, struct timeline_item *done)
{
    enum level level = level_of(fold, piece);
    if (fold->begun && level == fold->current.level) {
        fold->current.to = piece->to;
        return false;
    }
    bool finished = fold->begun;
    if (finished) {
        *done = fold->current;
        fold->current.before = sums_after(done->before, done->level, done->from, done->to);
    }
    fold->begun = true;
    fold->current.from = piece->from;
    fold->current.to = piece->to;
    fold->current.level = level;
    return finished;
}

struct timeline timeline_make(struct track track, struct threshold threshold, int64_t hysteresis_mc,
                              struct arena *arena)
{
    struct timeline_fold fold;
    struct timeline_item done;
    VEC(struct timeline_item) items = {0};
    timeline_fold_begin(&fold, threshold, hysteresis_mc);
    for (size_t i = 0; i < track.count; i++)
        if (timeline_fold_add(&fold, &track.items[i], &done))
            vec_push(arena, &items, done);
    if (fold.begun)
        vec_push(arena, &items, fold.current);
    return (struct timeline){threshold, hysteresis_mc, items.items, items.count};
}

size_t timeline_find(const struct timeline *timeline, int64_t at)
{
    size_t low = 0;
    size_t high = timeline->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (timeline->items[middle].to <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < timeline->count && timeline->items[low].from <= at ? low : timeline->count;
}

struct sums timeline_sums(const struct timeline *timeline, int64_t at)
{
    if (timeline->count == 0 || at < timeline->items[0].from)
        return (struct sums){.run_from = TIME_NONE};
    size_t i = timeline_find(timeline, at);
    if (i == timeline->count) {
        const struct timeline_item *last = &timeline->items[i - 1];
        return sums_after(last->before, last->level, last->from, last->to);
    }
    const struct timeline_item *item = &timeline->items[i];
    return at == item->from ? item->before : sums_after(item->before, item->level, item->from, at);
}

struct segments timeline_segments(const struct timeline *timeline, enum probe_role role, struct arena *arena)
{
    VEC(struct segment) out = {0};
    for (size_t i = 0; i < timeline->count; i++) {
        const struct timeline_item *item = &timeline->items[i];
        enum segment_state state = level_state(item->level);
        if (out.count && out.items[out.count - 1].state == state)
            out.items[out.count - 1].to = item->to;
        else
            vec_push(arena, &out, (struct segment){item->from, item->to, state});
    }
    return (struct segments){timeline->threshold, role, out.items, out.count};
}
