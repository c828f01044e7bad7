#include "ingest/failpoint.h"

#ifdef FAILPOINTS
#include <signal.h>
#include <stdlib.h>
#include <string.h>

void failpoint_pass(const char *name)
{
    static unsigned passed; /* a process has one failpoint, in its main thread */
    const char *wanted = getenv("SILSILA_FAIL");
    size_t len = strlen(name);
    if (!wanted || strncmp(wanted, name, len) != 0 || (wanted[len] != '\0' && wanted[len] != ':'))
        return;
    unsigned long at = wanted[len] == ':' ? strtoul(wanted + len + 1, NULL, 10) : 1;
    if (++passed >= at)
        (void)raise(SIGKILL);
}
#else
typedef int failpoint_off; /* a file of C holds at least one declaration */
#endif
