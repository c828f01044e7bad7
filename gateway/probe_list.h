/* `silsila-gateway probe list`: for the technician at the freezer door: what is plugged in, each read once, in words.
 */
#ifndef GATEWAY_PROBE_LIST_H
#define GATEWAY_PROBE_LIST_H

#include <stdio.h>

#include "gateway/settings.h"

/* Looks, reads and writes a table to `to`. Waits for slow probes as long as the settings allow. Returns the exit code: 0
 * when every probe gave a good reading, 1 when there is none or one did not. */
int probe_list(const struct gateway_settings *settings, FILE *to);

#endif
