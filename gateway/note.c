#include "gateway/note.h"

static bool touches(struct note *note, const struct limit *limits, size_t count, int32_t value_mc)
{
    bool touched = false;
    for (size_t i = 0; i < count && i < NOTE_LIMITS_MOST; i++) {
        enum limit_side side = limit_side(&limits[i], value_mc);
        touched |= side != note->sides[i] || side == LIMIT_IN_BAND;
        note->sides[i] = side;
    }
    return touched;
}

/* A missed answer is often one only: the wire was busy, a cable moved. */
static bool may_pass(enum quality quality)
{
    return quality == EMPTY_READ || quality == CRC_ERROR;
}

static bool faulty_now(struct note *note, enum quality quality)
{
    note->bad_in_a_row = quality == GOOD ? 0 : note->bad_in_a_row + 1;
    if (quality == GOOD)
        note->told_faulty = false;
    bool tell = quality != GOOD && !note->told_faulty &&
                (!may_pass(quality) || note->bad_in_a_row >= MISSES_TO_TELL);
    note->told_faulty |= tell;
    return tell;
}

struct noted note_reading(struct note *note, const struct quality_rule *rule, const struct limit *limits,
                          size_t limit_count, const struct reading *reading, int64_t at_ms)
{
    struct noted noted = {.judged = quality_judge(rule, &note->memory, reading)};
    noted.quality_changed = note->has_latest && note->latest.quality != noted.judged.quality;
    if (noted.judged.quality == GOOD)
        noted.limit_touched = touches(note, limits, limit_count, noted.judged.value_mc);
    noted.became_faulty = faulty_now(note, noted.judged.quality);
    note->has_latest = true;
    note->latest = noted.judged;
    note->latest_ms = at_ms;
    return noted;
}
