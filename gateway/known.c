#include "gateway/known.h"

#include <string.h>

enum { ID_MOST = 64 };
#define KNOWN_KEPT "probes"

void known_open(struct known *known, struct outbox *outbox)
{
    struct why why;
    *known = (struct known){.outbox = outbox};
    if (outbox_get(outbox, KNOWN_KEPT, &known->ids, &why) != DONE)
        buffer_reset(&known->ids);
}

void known_close(struct known *known)
{
    buffer_free(&known->ids);
}

/* Where the line of `id` begins, or NULL. */
static uint8_t *line_of(const struct known *known, const char *id)
{
    size_t len = strlen(id);
    uint8_t *at = known->ids.data, *end = known->ids.data + known->ids.len;
    while (at && at < end) {
        uint8_t *feed = memchr(at, '\n', (size_t)(end - at));
        if (!feed)
            return NULL;
        if ((size_t)(feed - at) == len && memcmp(at, id, len) == 0)
            return at;
        at = feed + 1;
    }
    return NULL;
}

bool known_has(const struct known *known, const char *id)
{
    return line_of(known, id) != NULL;
}

static void keep(struct known *known)
{
    struct why why;
    if (!known->ids.failed)
        (void)!outbox_put(known->outbox, KNOWN_KEPT, buffer_view(&known->ids), &why);
}

void known_add(struct known *known, const char *id)
{
    if (known_has(known, id))
        return;
    buffer_add_text(&known->ids, id);
    buffer_add_byte(&known->ids, '\n');
    keep(known);
}

void known_remove(struct known *known, const char *id)
{
    uint8_t *line = line_of(known, id);
    if (!line)
        return;
    size_t len = strlen(id) + 1;
    size_t behind = known->ids.len - (size_t)(line - known->ids.data) - len;
    memmove(line, line + len, behind);
    known->ids.len -= len;
    keep(known);
}

void known_each(const struct known *known, void (*each)(void *context, const char *id), void *context)
{
    const char *at = (const char *)known->ids.data;
    size_t left = known->ids.len;
    while (left > 0) {
        const char *feed = memchr(at, '\n', left);
        size_t len = feed ? (size_t)(feed - at) : left;
        char id[ID_MOST + 1];
        if (len <= ID_MOST) {
            memcpy(id, at, len);
            id[len] = '\0';
            each(context, id);
        }
        size_t used = feed ? len + 1 : len;
        at += used;
        left -= used;
    }
}
