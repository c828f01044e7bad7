/* Chance: random numbers from a printed seed (splitmix64). */
#ifndef TESTS_HELPERS_CHANCE_H
#define TESTS_HELPERS_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chance {
    uint64_t state;
};

static inline uint64_t chance_next(struct chance *chance)
{
    uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* From low to high, both included. */
static inline int64_t chance_between(struct chance *chance, int64_t low, int64_t high)
{
    return low + (int64_t)(chance_next(chance) % (uint64_t)(high - low + 1));
}

/* True `percent` times in a hundred. */
static inline bool chance_percent(struct chance *chance, int percent)
{
    return chance_next(chance) % 100 < (uint64_t)percent;
}

#endif
