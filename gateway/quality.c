#include "gateway/quality.h"

#include <stdlib.h>

static enum quality without_value(enum reading_state state)
{
    switch (state) {
    case READING_EMPTY:
        return EMPTY_READ;
    case READING_CRC:
        return CRC_ERROR;
    case READING_FAULT:
    case READING_VALUE:
        break;
    }
    return FAULT;
}

static void count_same(struct quality_memory *memory, int32_t value_mc)
{
    bool same = memory->known && memory->last_mc == value_mc;
    memory->same = !same ? 1 : memory->same < INT32_MAX ? memory->same + 1 : memory->same;
    memory->last_mc = value_mc;
    memory->known = true;
}

static bool supported_by_neighbours(const struct quality_memory *memory, int32_t value_mc)
{
    return memory->has_credited && llabs((long long)memory->credited_mc - value_mc) <= POWER_ON_NEAR_MC;
}

static enum quality of_value(const struct quality_rule *rule, const struct quality_memory *memory,
                             const struct reading *reading)
{
    /* Before the range: 127937 is out of most ranges, and its true reason tells the technician more. */
    if (reading->power_on && !supported_by_neighbours(memory, reading->value_mc))
        return POWER_ON_VALUE;
    if (reading->value_mc < rule->lowest_mc || reading->value_mc > rule->highest_mc)
        return OUT_OF_RANGE;
    if (rule->stuck_samples > 0 && memory->same >= rule->stuck_samples && reading->value_mc < rule->stuck_below_mc)
        return STUCK;
    return GOOD;
}

struct judged quality_judge(const struct quality_rule *rule, struct quality_memory *memory,
                            const struct reading *reading)
{
    if (reading->state != READING_VALUE)
        return (struct judged){.quality = without_value(reading->state)};
    count_same(memory, reading->value_mc);
    struct judged judged = {of_value(rule, memory, reading), true, reading->value_mc};
    if (judged.quality == GOOD) {
        memory->has_credited = true;
        memory->credited_mc = reading->value_mc;
    }
    return judged;
}

const char *quality_word(enum quality quality)
{
    switch (quality) {
    case GOOD:
        return "good";
    case EMPTY_READ:
        return "empty_read";
    case CRC_ERROR:
        return "crc_error";
    case POWER_ON_VALUE:
        return "power_on_value";
    case OUT_OF_RANGE:
        return "out_of_range";
    case STUCK:
        return "stuck";
    case FAULT:
        return "fault";
    }
    return "unknown";
}
