/* A real Mosquitto for component tests, on a free port of 127.0.0.1, in a folder of its own.
 *
 * broker_start waits until the broker says that it runs, by its log and not by the clock; a port that somebody took in the
 * meantime makes it choose another. Test code: fails the running Check test instead of returning errors.
 */
#ifndef TESTS_HELPERS_BROKER_H
#define TESTS_HELPERS_BROKER_H

#include <stdbool.h>
#include <sys/types.h>

struct broker {
    char folder[64]; /* made by broker_make: configuration, access list, certificates */
    int port;
    pid_t pid;       /* 0: not running */
    int log;         /* read end of its log */
};

void broker_make(struct broker *broker);

/* Starts with these lines behind its listener's; `broker->port` 0 chooses a port, which restarts keep. */
void broker_start(struct broker *broker, const char *lines);
void broker_signal(struct broker *broker, int signal); /* SIGKILL and SIGTERM wait for its end */
void broker_remove(struct broker *broker);             /* kills what runs, deletes the folder */

/* Runs deploy/pki/test-ca FOLDER/ca …: `broker_certificate(b, "other", "client", "gw-one")`. */
void broker_certificate(const struct broker *broker, const char *ca, const char *verb, const char *name);

/* A port nobody listens on at this moment. */
int free_port(void);

#endif
