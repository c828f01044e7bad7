#include <string.h>

#include "coldchain/recording.h"
#include "tests/fuzz/target.h"

/* A CSV file line by line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct why why = {""};
    bool first = true;
    while (len > 0) {
        const uint8_t *end = memchr(data, '\n', len);
        size_t line = end ? (size_t)(end - data) + 1 : len;
        struct recorded row = {0};
        if (recording_row_read(bytes_of(data, line), first, &row, &why) == RECORDING_READING)
            HOLDS(row.value_mc >= -273150 && row.value_mc <= 2000000);
        first = false;
        data += line;
        len -= line;
    }
    return 0;
}
