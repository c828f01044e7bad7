#include "ingest/arrival.h"

#include <stdlib.h>
#include <string.h>

const char *authenticity_word(enum authenticity authenticity)
{
    static const char *const words[AUTHENTICITY_COUNT] = {
        [AUTHENTIC] = "authentic",         [NOT_AN_ENVELOPE] = "malformed",         [UNKNOWN_KEY] = "unknown_key",
        [BAD_SIGNATURE] = "bad_signature", [BAD_CERTIFICATE] = "bad_certificate", [BAD_TOPIC] = "bad_topic",
        [NOT_CHECKED] = "not_checked",
    };
    return words[authenticity];
}

struct arrival *arrival_new(struct bytes message, struct arrival_house *house)
{
    struct arrival *arrival = malloc(sizeof *arrival + message.len);
    if (!arrival)
        return NULL;
    memset(arrival, 0, sizeof *arrival);
    arrival->len = message.len;
    arrival->house = house;
    if (house) {
        house->count++;
        house->bytes += sizeof *arrival + message.len;
    }
    if (message.len)
        memcpy(arrival->raw, message.data, message.len);
    return arrival;
}

void arrival_free(struct arrival *arrival)
{
    if (arrival && arrival->house) {
        arrival->house->count--;
        arrival->house->bytes -= sizeof *arrival + arrival->len;
    }
    free(arrival);
}

void arrival_push(struct arrival_list *list, struct arrival *arrival)
{
    arrival->next = NULL;
    if (!list->first)
        list->last = &list->first;
    *list->last = arrival;
    list->last = &arrival->next;
    list->count++;
    list->bytes += arrival->len;
}

struct arrival *arrival_pop(struct arrival_list *list)
{
    struct arrival *arrival = list->first;
    if (!arrival)
        return NULL;
    list->first = arrival->next;
    list->count--;
    list->bytes -= arrival->len;
    arrival->next = NULL;
    return arrival;
}

void arrival_join(struct arrival_list *to, struct arrival_list *from)
{
    if (!from->first)
        return;
    if (!to->first)
        to->last = &to->first;
    *to->last = from->first;
    to->last = from->last;
    to->count += from->count;
    to->bytes += from->bytes;
    *from = (struct arrival_list){0};
}

void arrival_free_all(struct arrival_list *list)
{
    struct arrival *arrival;
    while ((arrival = arrival_pop(list)))
        arrival_free(arrival);
}

/* Copies one topic level into `out`; returns what follows its slash, "" at the end, NULL when it is no id. */
static const char *take_level(const char *topic, char out[SENDER_ID_ROOM])
{
    size_t len = strcspn(topic, "/");
    if (len == 0 || len >= SENDER_ID_ROOM)
        return NULL;
    memcpy(out, topic, len);
    out[len] = '\0';
    return topic[len] == '/' ? topic + len + 1 : topic + len;
}

enum outcome arrival_read_topic(struct arrival *arrival, const char *topic, struct why *why)
{
    static const char up[] = "silsila/v1/up/";
    static const char via[] = "silsila/v1/via/";
    char shard[SENDER_ID_ROOM];
    const char *rest = NULL;
    if (strncmp(topic, up, sizeof up - 1) == 0) {
        rest = topic + sizeof up - 1;
    } else if (strncmp(topic, via, sizeof via - 1) == 0) {
        rest = take_level(topic + sizeof via - 1, arrival->via);
        if (rest && !sender_id_valid(arrival->via))
            rest = NULL;
    }
    if (rest)
        rest = take_level(rest, shard);
    if (rest)
        rest = take_level(rest, arrival->sender);
    if (!rest || !sender_id_valid(arrival->sender)) {
        arrival->sender[0] = '\0'; /* not for the database: it may be anything */
        return fail(why, REJECT, "topic names no sender");
    }
    if (strcmp(rest, "live") == 0)
        arrival->lane = LANE_LIVE;
    else if (strcmp(rest, "late") == 0)
        arrival->lane = LANE_LATE;
    else
        return fail(why, REJECT, "topic names no lane");
    return DONE;
}

void arrival_topic(const struct arrival *arrival, int shard, char *out, size_t room)
{
    const char *lane = arrival->lane == LANE_LIVE ? "live" : "late";
    if (arrival->via[0])
        snprintf(out, room, "silsila/v1/via/%s/%d/%s/%s", arrival->via, shard, arrival->sender, lane);
    else
        snprintf(out, room, "silsila/v1/up/%d/%s/%s", shard, arrival->sender, lane);
}
