/* Folded: scenarios as text in a test, and what the fold says at a path.
 *
 *     struct folded *f = folded("{'lots':[{'id':'u1'}], …}");      ' stands for "
 *     folded_is(f, "lots.u1.stays[0].site", "'A'");
 */
#ifndef TESTS_HELPERS_FOLDED_H
#define TESTS_HELPERS_FOLDED_H

struct folded;

/* Folds a scenario, which must be good; ck_abort()s otherwise. */
struct folded *folded(const char *scenario);
void folded_free(struct folded *folded);

/* Checks that the value at the path (keys and [indexes]; a lot's id may not hold a dot) is `expected`, as JSON with '
 * for "; "(none)" when there is nothing at the path. */
void folded_is(const struct folded *folded, const char *path, const char *expected);

/* Folds `'sites': …` base and events, and checks pairs of path and expected value up to a NULL. */
void folded_expect(const char *base, const char *events, const char *const *pairs);

/* Reads a scenario that must be refused and checks the message's beginning. */
void folded_refused(const char *scenario, const char *message);

#endif
