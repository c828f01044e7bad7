#include "coldchain/envelope.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct why why;
    Silsila__V1__GatewayConfig *config = NULL;
    Silsila__V1__EnrolmentBundle *bundle = NULL;
    Silsila__V1__EnrolmentRequest *request = NULL;
    if (config_decode(bytes_of(data, len), &config, &why) == DONE) {
        HOLDS(config->version > 0 && sender_id_valid(config->gateway));
        silsila__v1__gateway_config__free_unpacked(config, NULL);
    }
    if (enrolment_bundle_decode(bytes_of(data, len), &bundle, &why) == DONE) {
        HOLDS(bundle->origin.len == 32 && bundle->server_key);
        silsila__v1__enrolment_bundle__free_unpacked(bundle, NULL);
    }
    if (enrolment_request_decode(bytes_of(data, len), &request, &why) == DONE)
        silsila__v1__enrolment_request__free_unpacked(request, NULL);
    return 0;
}
