#include "ingest/fold/fork.h"

#include <stdlib.h>
#include <string.h>

static int by_seq_and_hash(const void *a, const void *b)
{
    const struct fork_body *x = a, *y = b;
    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    return memcmp(x->hash, y->hash, 32);
}

static const uint8_t *decided(const struct fork_decision *decisions, size_t count, int64_t seq)
{
    for (size_t i = count; i > 0; i--) {
        if (decisions[i - 1].seq == seq)
            return decisions[i - 1].hash;
    }
    return NULL;
}

/* What is known while walking along the seqs. */
struct walk {
    bool certain;        /* `last` is the hash of the body that counts at `seq` */
    int64_t seq;
    const uint8_t *last;
    bool forked;         /* at or behind the first fork */
};

/* Of the bodies at one seq, the one that counts; NULL when that cannot be told. */
static const struct fork_body *choose(const struct fork_body *bodies, size_t count, const struct walk *walk,
                                      const uint8_t *decision)
{
    const struct fork_body *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (decision && memcmp(bodies[i].hash, decision, 32) == 0)
            return &bodies[i];
    }
    if (!walk->forked && count == 1)
        return &bodies[0];
    if (!walk->certain || bodies[0].seq != walk->seq + 1)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (!bodies[i].has_previous || memcmp(bodies[i].previous, walk->last, 32) != 0)
            continue;
        if (found)
            return NULL; /* both descend: forked again */
        found = &bodies[i];
    }
    return found;
}

/* A body that nobody chose: on the other branch when its parent is, or when another one at its seq counts. */
static enum standing unchosen(const struct fork_body *body, bool other_counts, const struct fork_body *parents,
                              size_t parent_count)
{
    if (other_counts)
        return STANDING_OTHER_BRANCH;
    for (size_t i = 0; i < parent_count; i++) {
        if (body->has_previous && parents[i].seq == body->seq - 1 && parents[i].standing == STANDING_OTHER_BRANCH &&
            memcmp(parents[i].hash, body->previous, 32) == 0)
            return STANDING_OTHER_BRANCH;
    }
    return STANDING_DISPUTED;
}

int64_t fork_resolve(struct fork_body *bodies, size_t count, const struct fork_decision *decisions,
                     size_t decision_count)
{
    qsort(bodies, count, sizeof *bodies, by_seq_and_hash);
    struct walk walk = {.certain = false};
    int64_t first_fork = 0;
    size_t parents_from = 0;
    for (size_t from = 0; from < count;) {
        size_t to = from + 1;
        while (to < count && bodies[to].seq == bodies[from].seq)
            to++;
        const uint8_t *decision = decided(decisions, decision_count, bodies[from].seq);
        if (to - from > 1 && !walk.forked) {
            walk.forked = true;
            /* The branches part here: descent alone cannot choose between them. */
            walk.certain = false;
            first_fork = bodies[from].seq;
        }
        const struct fork_body *chosen = choose(&bodies[from], to - from, &walk, decision);
        for (size_t i = from; i < to; i++) {
            bodies[i].standing = &bodies[i] == chosen
                                     ? STANDING_COUNTS
                                     : unchosen(&bodies[i], chosen != NULL, &bodies[parents_from], from - parents_from);
        }
        walk.certain = chosen != NULL;
        if (chosen) {
            walk.last = chosen->hash;
            walk.seq = chosen->seq;
        }
        parents_from = from;
        from = to;
    }
    return first_fork;
}
