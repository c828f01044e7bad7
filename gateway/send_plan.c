#include "gateway/send_plan.h"

#include <string.h>

#include "common/backoff.h"

static bool same_place(const struct send_place *a, const struct send_place *b)
{
    return a->seq == b->seq && memcmp(a->epoch, b->epoch, sizeof a->epoch) == 0;
}

void send_plan_begin(struct send_plan *plan, int64_t resend_first_ms, int64_t resend_most_ms)
{
    memset(plan, 0, sizeof *plan);
    plan->resend_first_ms = resend_first_ms;
    plan->resend_most_ms = resend_most_ms;
    plan->window = SEND_WINDOW_FIRST;
}

void send_plan_up(struct send_plan *plan, const uint8_t present_epoch[16], uint64_t highest_seq, int64_t now_ms)
{
    plan->up = true;
    memcpy(plan->present_epoch, present_epoch, sizeof plan->present_epoch);
    plan->live_after = highest_seq;
    send_plan_look_again(plan); /* whatever was passed over before, and is not on the way, comes now */
    /* The broker of the last connection may have lost what it had; but a receipt may be on its way too: not all at once. */
    for (size_t i = 0; i < plan->count; i++)
        if (plan->way[i].due_ms > now_ms + SEND_SETTLE_MS)
            plan->way[i].due_ms = now_ms + SEND_SETTLE_MS;
}

void send_plan_down(struct send_plan *plan)
{
    plan->up = false;
}

void send_plan_epoch(struct send_plan *plan, const uint8_t present_epoch[16])
{
    memcpy(plan->present_epoch, present_epoch, sizeof plan->present_epoch);
    plan->live_after = 0;
    send_plan_look_again(plan);
}

static const struct send_way *first_due(const struct send_plan *plan)
{
    const struct send_way *first = NULL;
    for (size_t i = 0; i < plan->count; i++)
        if (!first || plan->way[i].due_ms < first->due_ms)
            first = &plan->way[i];
    return first;
}

struct send_step send_plan_next(const struct send_plan *plan, const struct send_view *view, int64_t now_ms)
{
    struct send_step step = {.what = SEND_NOTHING, .wake_ms = INT64_MAX};
    if (!plan->up)
        return step;
    if (view->live_seq > 0 && plan->count < (size_t)plan->window + SEND_LIVE_RESERVE) {
        step.what = SEND_LIVE;
        memcpy(step.place.epoch, plan->present_epoch, sizeof step.place.epoch);
        step.place.seq = view->live_seq;
        return step;
    }
    const struct send_way *due = first_due(plan);
    if (due && due->due_ms <= now_ms) {
        step.what = SEND_AGAIN;
        step.place = due->place;
        return step;
    }
    if (view->late.seq > 0 && plan->count < plan->window) {
        step.what = SEND_LATE;
        step.place = view->late;
        return step;
    }
    if (due)
        step.wake_ms = due->due_ms;
    return step;
}

static struct send_way *find(struct send_plan *plan, const struct send_place *place)
{
    for (size_t i = 0; i < plan->count; i++)
        if (same_place(&plan->way[i].place, place))
            return &plan->way[i];
    return NULL;
}

static void forget(struct send_plan *plan, size_t i)
{
    plan->way[i] = plan->way[--plan->count];
}

void send_plan_sent(struct send_plan *plan, const struct send_step *step, int64_t now_ms, uint32_t random)
{
    struct send_way *way = find(plan, &step->place);
    if (!way) {
        way = &plan->way[plan->count++];
        *way = (struct send_way){.place = step->place};
    }
    struct backoff wait = {plan->resend_first_ms, plan->resend_most_ms, way->tries};
    way->due_ms = now_ms + backoff_next_ms(&wait, random);
    way->sent_ms = now_ms;
    way->tries++;
    if (step->what == SEND_LIVE)
        plan->live_after = step->place.seq;
    else if (step->what == SEND_LATE)
        plan->late = step->place;
}

bool send_plan_puback(struct send_plan *plan, const struct send_place *place)
{
#ifdef TEETH_PUBACK_EMPTIES
    struct send_way *way = find(plan, place);
    if (way)
        forget(plan, (size_t)(way - plan->way));
    return true;
#else
    (void)plan;
    (void)place;
    return false;
#endif
}

void send_plan_receipted(struct send_plan *plan, const uint8_t epoch[16], uint64_t from, uint64_t to)
{
    for (size_t i = plan->count; i-- > 0;) {
        const struct send_place *place = &plan->way[i].place;
        if (place->seq < from || place->seq > to || memcmp(place->epoch, epoch, sizeof place->epoch) != 0)
            continue;
        if (plan->way[i].sent_ms > plan->answered_ms)
            plan->answered_ms = plan->way[i].sent_ms;
        forget(plan, i);
    }
}

void send_plan_answered(struct send_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct send_way *way = &plan->way[i];
        /* Two lanes may overtake each other by a little; more than that is a loss. */
        bool lost = way->sent_ms + SEND_SETTLE_MS < plan->answered_ms;
        if (lost && way->due_ms > way->sent_ms + plan->resend_first_ms)
            way->due_ms = way->sent_ms + plan->resend_first_ms;
    }
}

void send_plan_window(struct send_plan *plan, uint32_t window)
{
    if (window > 0)
        plan->window = window < SEND_WINDOW_MOST ? window : SEND_WINDOW_MOST;
}

void send_plan_look_again(struct send_plan *plan)
{
    plan->late = (struct send_place){0};
}

bool send_plan_on_the_way(const struct send_plan *plan, const struct send_place *place)
{
    for (size_t i = 0; i < plan->count; i++)
        if (same_place(&plan->way[i].place, place))
            return true;
    return false;
}

bool send_plan_overdue(const struct send_plan *plan, int64_t now_ms)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->way[i].tries > 1 || plan->way[i].due_ms <= now_ms)
            return true;
    return false;
}
