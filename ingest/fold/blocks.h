/* Blocks: cuts a temperature block of a body into the pieces that are stored, and judges its readings. Pure.
 *
 * A piece holds readings of one probe with one quality on one step grid, and none of it is in another UTC hour than its
 * first reading, so that a query for an interval need look only one hour back. Readings that cannot be (outside
 * −273.150 °C … 1,000 °C) and instants outside 2020 … 2100 or later than the sealing of their own body are left out and
 * counted; they stay in the ledger.
 */
#ifndef INGEST_FOLD_BLOCKS_H
#define INGEST_FOLD_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PIECE_READINGS_MOST = 3600 };

#define BLOCKS_EARLIEST_MS 1577836800000LL /* 2020-01-01 */
#define BLOCKS_LATEST_MS 4102444800000LL   /* 2100-01-01 */
/* Boot times beyond this (two thousand years) are nonsense, and dates reckoned with them would leave what PostgreSQL can hold. */
#define UP_MOST_MS (1LL << 46)
#define READING_LEAST_MC (-273150)
#define READING_MOST_MC 1000000

struct reading_run {
    int64_t t0_ms;
    uint32_t step_ms;
    const int32_t *values_mc; /* absolute; NULL: the probe gave none */
    size_t count;
    int64_t latest_ms; /* the sealing time of the body; no reading may be later */
};

struct block_piece {
    int64_t t0_ms;
    const int32_t *values_mc; /* into the run's; NULL: none */
    size_t count;
};

struct run_judged {
    size_t untimely;     /* readings left out for their time */
    size_t out_of_range; /* readings left out for their value */
};

/* Calls `each` for every piece in order of time. */
void blocks_cut(const struct reading_run *run, struct run_judged *judged,
                void (*each)(void *context, const struct block_piece *piece), void *context);

/* Repair of clocks: wall time of a synchronised body of the same boot nearest to `up_ms` plus the difference of boot times;
 * a tie: the smaller boot time, then the smaller wall time. False when there is none. `syncs` in any order. */
struct clock_sync {
    int64_t up_ms;
    int64_t wall_ms;
};
bool blocks_repair_time(const struct clock_sync *syncs, size_t count, int64_t up_ms, int64_t *wall_ms);

#endif
