/* Recording: one row of a temperature file as people keep them, `time,celsius`.
 *
 *     2026-01-31T23:59:00Z,-31.25
 *     2026-01-31 23:59:00.250+01:00,-31.25
 *     1769903940,-31.25            seconds since 1970
 *     1769903940000,-31.25         milliseconds since 1970 (twelve digits or more)
 *
 * A time without a zone is refused: whoever guesses it is wrong by an hour for half of the year. Temperatures are rounded
 * to millidegrees half away from zero, times finer than a millisecond are cut off (5-domain, 1). Both are read digit by
 * digit: no floating point, no locale. Quotes around a field, a carriage return, blanks around fields and a UTF-8 byte
 * order mark are forgiven; further columns are not.
 *
 * Pure; bytes in, numbers out.
 */
#ifndef COLDCHAIN_RECORDING_H
#define COLDCHAIN_RECORDING_H

#include <stdint.h>

#include "common/bytes.h"
#include "common/outcome.h"

struct recorded {
    int64_t at_ms;
    int32_t value_mc;
};

enum recording_row { RECORDING_READING, RECORDING_NOTHING, RECORDING_BAD };

/* Reads one line (with or without its line feed). RECORDING_NOTHING: an empty line, a comment (`#`), or, as the file's
 * first line, a heading. RECORDING_BAD: `why` says what is wrong, without the line number, which only the caller knows.
 * Temperatures from -273.15 to 2000 °C are taken, so that no bad row can look like a cold one. */
MUST_CHECK enum recording_row recording_row_read(struct bytes line, bool first, struct recorded *row, struct why *why);

/* Celsius as text ("-31.25", "4", "+4,5" is refused) in millidegrees. REJECT: not a number, or out of range. */
MUST_CHECK enum outcome celsius_read(struct bytes text, int32_t *value_mc, struct why *why);

/* A time as text in one of the forms above, UTC milliseconds. */
MUST_CHECK enum outcome time_text_read(struct bytes text, int64_t *at_ms, struct why *why);

#endif
