#include <string.h>

#include "coldchain/certificate.h"
#include "tests/fuzz/target.h"

static enum outcome never(void *context, struct bytes statement, const uint8_t *signature, struct why *why)
{
    (void)context;
    (void)signature;
    return fail(why, REJECT, "%zu bytes", statement.len);
}

/* What opens can be sealed again and opens alike; its certificate and head are read without harm. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t origin[32];
    struct why why;
    struct envelope_view view, again;
    struct body_head head;
    struct certificate certificate;
    struct buffer sealed = {0};
    if (envelope_open(bytes_of(data, len), &view, &why) != DONE)
        return 0;
    HOLDS(view.body.data >= data && view.body.data + view.body.len <= data + len);
    (void)!body_head_read(view.body, &head, &why);
    HOLDS(certificate_check(view.certificate, origin, SILSILA__V1__KEY_KIND__KEY_KIND_ADMIN, never, NULL,
                            &certificate, &why) == REJECT);
    if (envelope_seal(view.body, view.key_id, view.signature, view.certificate, &sealed, &why) == DONE) {
        HOLDS(envelope_open(buffer_view(&sealed), &again, &why) == DONE);
        HOLDS(bytes_equal(again.body, view.body) && memcmp(again.signature, view.signature, 64) == 0);
    }
    buffer_free(&sealed);
    return 0;
}
