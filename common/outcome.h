/* Outcome of a step that hands data on: who owns the data now, and what the caller must do.
 *
 * Every fallible function of Silsila returns one of these four and, through `struct why`, a sentence for the
 * log. The four are about custody of the data, not about causes; the cause is the sentence.
 *
 *   DONE    the receiver holds the data as durably as its header promises; the giver may forget it
 *   RETRY   nothing happened; the giver still owns the data and may try again later
 *   UNSURE  it may have been applied (a commit whose answer was lost); repeat only because the step is
 *           idempotent, or find out first
 *   REJECT  the input itself is bad and will stay bad. Only a parser, a signature check or a rule of the
 *           domain may say so; a database, a disk or a network may not
 *
 * No globals, no I/O; safe in any thread.
 */
#ifndef COMMON_OUTCOME_H
#define COMMON_OUTCOME_H

enum outcome { DONE = 0, RETRY, UNSURE, REJECT };

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* One sentence, without a final stop, saying what failed and on what input. Owned by the caller, usually on the
 * stack; never NULL where a function takes it. Empty while the outcome is DONE. */
struct why {
    char text[256];
};

/* Writes the sentence and returns `code`, so that a failure is one line: `return fail(why, RETRY, "…")`. */
enum outcome fail(struct why *why, enum outcome code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "context: " before the sentence already in `why` and returns `code`: for callers that know more. */
enum outcome fail_within(struct why *why, enum outcome code, const char *format, ...) PRINTF_LIKE(3, 4);

/* The word for logs: "done", "retry", "unsure", "reject". Static storage. */
const char *outcome_word(enum outcome code);

#endif
