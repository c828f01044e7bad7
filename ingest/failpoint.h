/* Failpoints: places where a test lets the program die, to prove that nothing acknowledged is lost there.
 *
 * Only in the test build of the ingest (tests/helpers): SILSILA_FAIL=name or name:n kills the process with SIGKILL the n-th
 * time it comes by. In what is installed FAILPOINT() is nothing.
 */
#ifndef INGEST_FAILPOINT_H
#define INGEST_FAILPOINT_H

#ifdef FAILPOINTS
void failpoint_pass(const char *name);
#define FAILPOINT(name) failpoint_pass(name)
#else
#define FAILPOINT(name) ((void)0)
#endif

#endif
