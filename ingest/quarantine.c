#include "ingest/quarantine.h"

#include <string.h>

static const int64_t us_a_day = 86400000000;

void quarantine_begin(struct quarantine *quarantine)
{
    quarantine->kind_count = quarantine->sample_count = 0;
    array_begin(&quarantine->arrived_at, OID_TIMESTAMPTZ);
    array_begin(&quarantine->cause, OID_TEXT);
    array_begin(&quarantine->why, OID_TEXT);
    array_begin(&quarantine->topic, OID_TEXT);
    array_begin(&quarantine->length, OID_INT4);
    array_begin(&quarantine->message, OID_BYTEA);
}

void quarantine_free(struct quarantine *quarantine)
{
    struct array *const arrays[] = {&quarantine->arrived_at, &quarantine->cause,   &quarantine->why,     &quarantine->topic,
                                    &quarantine->length,     &quarantine->message, &quarantine->days,    &quarantine->causes,
                                    &quarantine->senders,    &quarantine->messages};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        array_free(arrays[i]);
}

static struct quarantine_kind *kind_of(struct quarantine *quarantine, int32_t day, enum authenticity cause, const char *sender)
{
    for (size_t i = 0; i < quarantine->kind_count; i++) {
        struct quarantine_kind *kind = &quarantine->kinds[i];
        if (kind->day == day && kind->cause == cause && strcmp(kind->sender, sender) == 0)
            return kind;
    }
    if (quarantine->kind_count == QUARANTINE_KINDS)
        return NULL;
    struct quarantine_kind *kind = &quarantine->kinds[quarantine->kind_count++];
    *kind = (struct quarantine_kind){.day = day, .cause = cause};
    snprintf(kind->sender, sizeof kind->sender, "%s", sender);
    return kind;
}

static void count(struct quarantine *quarantine, const struct arrival *arrival)
{
    int32_t day = (int32_t)(arrival->arrived_us / us_a_day);
    /* The last places are kept for those that stand for the rest. */
    bool crowded = quarantine->kind_count >= QUARANTINE_KINDS - AUTHENTICITY_COUNT;
    struct quarantine_kind *kind = kind_of(quarantine, day, arrival->authenticity, crowded ? "*" : arrival->sender);
    if (!kind)
        kind = &quarantine->kinds[QUARANTINE_KINDS - 1];
    kind->messages++;
}

void quarantine_add(struct quarantine *quarantine, const struct arrival *arrival, const char *topic)
{
    count(quarantine, arrival);
    if (quarantine->sample_count >= QUARANTINE_SAMPLES)
        return;
    quarantine->sample_count++;
    array_time(&quarantine->arrived_at, arrival->arrived_us);
    array_text(&quarantine->cause, authenticity_word(arrival->authenticity));
    array_text(&quarantine->why, arrival->why);
    array_text(&quarantine->topic, topic);
    array_int4(&quarantine->length, (int32_t)arrival->len);
    array_bytes(&quarantine->message, bytes_of(arrival->raw, arrival->len < QUARANTINE_SAMPLE_BYTES ? arrival->len
                                                                                                    : QUARANTINE_SAMPLE_BYTES));
}

bool quarantine_is_empty(const struct quarantine *quarantine)
{
    return quarantine->kind_count == 0;
}

void quarantine_values(struct quarantine *quarantine, struct bytes values[QUARANTINE_PARAMETERS])
{
    array_begin(&quarantine->days, OID_DATE);
    array_begin(&quarantine->causes, OID_TEXT);
    array_begin(&quarantine->senders, OID_TEXT);
    array_begin(&quarantine->messages, OID_INT8);
    for (size_t i = 0; i < quarantine->kind_count; i++) {
        const struct quarantine_kind *kind = &quarantine->kinds[i];
        array_date(&quarantine->days, kind->day);
        array_text(&quarantine->causes, authenticity_word(kind->cause));
        array_text(&quarantine->senders, kind->sender);
        array_int8(&quarantine->messages, (int64_t)kind->messages);
    }
    struct array *const arrays[QUARANTINE_PARAMETERS] = {
        &quarantine->days,  &quarantine->causes, &quarantine->senders, &quarantine->messages, &quarantine->arrived_at,
        &quarantine->cause, &quarantine->why,    &quarantine->topic,   &quarantine->length,   &quarantine->message};
    for (size_t i = 0; i < QUARANTINE_PARAMETERS; i++)
        values[i] = array_view(arrays[i]);
}
