#include "coldchain/scan.h"
#include "tests/fuzz/target.h"

/* What a scanner or a keyboard sends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct why why = {""};
    struct scan scan;
    enum outcome outcome = scan_read(bytes_of(data, len), &scan, &why);
    HOLDS((outcome == DONE) == (scan.fault == SCAN_GOOD));
    HOLDS(outcome == DONE ? scan.count > 0 : scan.count == 0);
    for (size_t i = 0; i < scan.count; i++) {
        const struct scan_item *item = &scan.items[i];
        HOLDS(identifier_holds(item->kind, item->value, item->len));
        HOLDS(item->flags[0] == '\0' || isbt_check_flags(item->value, item->flags) != FLAG_BAD);
    }
    HOLDS(outcome == DONE || scan_message(&scan, LANGUAGE_ARABIC)[0] != '\0');
    return 0;
}
