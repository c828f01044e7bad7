/* The main() that every unit test shares: runs one suite in Check, one process per test, and exits 0 only when every
 * test passed. Usage: `TEST_MAIN(suite_of_bytes)`. */
#ifndef TESTS_HELPERS_CHECK_MAIN_H
#define TESTS_HELPERS_CHECK_MAIN_H

#include <check.h>
#include <stdlib.h>

#undef fail /* check.h's old name for ck_abort_msg(); ours is in common/outcome.h */

#define TEST_MAIN(suite_function)                                                                                      \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        SRunner *runner = srunner_create(suite_function());                                                            \
        srunner_run_all(runner, CK_ENV);                                                                               \
        int failed = srunner_ntests_failed(runner);                                                                    \
        srunner_free(runner);                                                                                          \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;                                                              \
    }

#endif
