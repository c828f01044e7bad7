#include "gateway/signed_config.h"

#include "schema/receipt.pb-c.h"
#include "tests/helpers/check_main.h"

static uint8_t origin[32] = {7}, raw[1024];
static char gateway[] = "gw-1", probe_id[] = "a", warm[] = "warm", above[] = ">", odd[] = "~";
static struct signed_config *config;
static struct why why;

static Silsila__V1__GatewayConfig message(uint64_t version)
{
    Silsila__V1__GatewayConfig m = SILSILA__V1__GATEWAY_CONFIG__INIT;
    m.origin = (ProtobufCBinaryData){sizeof origin, origin};
    m.gateway = gateway;
    m.version = version;
    return m;
}

static enum outcome read(const Silsila__V1__GatewayConfig *m)
{
    signed_config_free(&config);
    return signed_config_read(bytes_of(raw, silsila__v1__gateway_config__pack(m, raw)), &config, &why);
}

static void finish(void)
{
    signed_config_free(&config);
}

START_TEST(without_one_the_installed_defaults_hold)
{
    size_t count = 5;
    ck_assert_uint_eq(signed_config_version(NULL), 0);
    ck_assert_int_eq(signed_config_interval_ms(NULL, 60000), 60000);
    ck_assert_int_eq(signed_config_seal_ms(NULL, 900000), 900000);
    ck_assert_ptr_null(signed_config_limits(NULL, "a", &count));
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(what_is_said_holds_and_what_is_not_stays)
{
    Silsila__V1__GatewayConfig m = message(3);
    Silsila__V1__ProbeLimit limit = SILSILA__V1__PROBE_LIMIT__INIT, unknown = limit, *limits[] = {&unknown, &limit};
    Silsila__V1__ProbeConfig probe = SILSILA__V1__PROBE_CONFIG__INIT, *probes[] = {&probe};
    size_t count;
    limit.rule = unknown.rule = warm;
    limit.op = above;
    unknown.op = odd;
    limit.limit_mc = -25000;
    probe.probe = probe_id;
    probe.n_limits = 2;
    probe.limits = limits;
    m.n_probes = 1;
    m.probes = probes;
    m.seal_ms = 120000;
    ck_assert_msg(read(&m) == DONE, "%s", why.text);
    ck_assert_int_eq(signed_config_interval_ms(config, 60000), 60000);
    ck_assert_int_eq(signed_config_seal_ms(config, 900000), 120000);
    const struct limit *got = signed_config_limits(config, "a", &count);
    ck_assert_uint_eq(count, 1); /* an operator of a later release is the server's to judge */
    ck_assert_int_eq(got[0].limit_mc, -25000);
    (void)signed_config_limits(config, "b", &count);
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(senseless_cadences_are_refused)
{
    static const uint32_t intervals[] = {1, 999, 3600001, UINT32_MAX};
    for (size_t i = 0; i < sizeof intervals / sizeof intervals[0]; i++) {
        Silsila__V1__GatewayConfig m = message(1);
        m.interval_ms = intervals[i];
        ck_assert_int_eq(read(&m), REJECT);
    }
    Silsila__V1__GatewayConfig m = message(1);
    m.seal_ms = 500;
    ck_assert_int_eq(read(&m), REJECT);
    ck_assert_int_eq(signed_config_read(bytes_of("\x08", 1), &config, &why), REJECT);
}
END_TEST

START_TEST(versions_only_rise)
{
    struct signed_config *newer = NULL;
    Silsila__V1__GatewayConfig m = message(8);
    ck_assert_int_eq(read(&m), DONE);
    newer = config;
    config = NULL;
    m = message(7);
    ck_assert_int_eq(read(&m), DONE);
    ck_assert_int_eq(signed_config_may_replace(NULL, config, &why), DONE);
    ck_assert_int_eq(signed_config_may_replace(config, newer, &why), DONE);
    ck_assert_int_eq(signed_config_may_replace(newer, newer, &why), DONE);
    ck_assert_int_eq(signed_config_may_replace(newer, config, &why), REJECT);
    signed_config_free(&newer);
}
END_TEST

static Suite *suite_of_signed_config(void)
{
    Suite *s = suite_create("signed_config");
    TCase *t = tcase_create("signed_config");
    tcase_add_checked_fixture(t, NULL, finish);
    tcase_add_test(t, without_one_the_installed_defaults_hold);
    tcase_add_test(t, what_is_said_holds_and_what_is_not_stays);
    tcase_add_test(t, senseless_cadences_are_refused);
    tcase_add_test(t, versions_only_rise);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_signed_config)
