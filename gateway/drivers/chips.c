#include "gateway/drivers/chips.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "gateway/drivers/sysfs.h"

struct search {
    const char *root;
    const struct probe_setting *setting;
    char found[PROBE_ADDRESS_MOST + 1];
    int matches;
};

/* Which of several chips with one name: by the last part of the `device` link, the bus address (1-0018). */
static bool is_device(const char *dir, const char *device)
{
    struct sysfs_path link;
    char target[PATH_MAX];
    sysfs_path(&link, "%s/device", dir);
    ssize_t len = readlink(link.text, target, sizeof target - 1);
    if (len < 0)
        return false;
    target[len] = '\0';
    const char *slash = strrchr(target, '/');
    return strcmp(slash ? slash + 1 : target, device) == 0;
}

static bool try_chip(void *context, const char *entry)
{
    struct search *search = context;
    struct sysfs_path dir;
    char name[64];
    sysfs_path(&dir, "%s/%s", search->root, entry);
    if (sysfs_read_in(dir.text, "name", name, sizeof name) <= 0 || strcmp(name, search->setting->chip) != 0)
        return true;
    const char *device = search->setting->device;
    if (device && *device && !is_device(dir.text, device))
        return true;
    int used = snprintf(search->found, sizeof search->found, "%s", dir.text);
    if (used > 0 && (size_t)used < sizeof search->found)
        search->matches++;
    return true;
}

enum outcome chip_find(const char *root, const char *prefix, const struct probe_setting *setting,
                       struct probe_found *probe, struct why *why)
{
    struct search search = {.root = root, .setting = setting};
    if (sysfs_list(root, prefix, try_chip, &search, why) != DONE)
        return RETRY;
    if (search.matches == 0)
        return fail(why, RETRY, "no chip named '%s'", setting->chip);
    if (search.matches > 1)
        return fail(why, REJECT, "%d chips are named '%s': say which with device = \"…\"", search.matches,
                    setting->chip);
    (void)snprintf(probe->address, sizeof probe->address, "%s", search.found);
    return DONE;
}

static bool add_channel(struct probe_found *probe, const char *channel)
{
    size_t used = strlen(probe->address);
    int more = snprintf(probe->address + used, sizeof probe->address - used, "/%s", channel);
    return more > 0 && (size_t)more < sizeof probe->address - used;
}

void chips_scan(const struct gateway_settings *settings, const char *driver_name, const char *root, const char *prefix,
                int32_t lowest_mc, int32_t highest_mc, void (*found)(void *context, const struct probe_found *probe),
                void (*complaint)(void *context, const char *text), void *context)
{
    for (size_t i = 0; i < settings->probe_count; i++) {
        const struct probe_setting *setting = &settings->probes[i];
        struct probe_found probe = {0};
        struct why why = {""};
        if (strcmp(setting->driver, driver_name) != 0)
            continue;
        enum outcome outcome = chip_find(root, prefix, setting, &probe, &why);
        if (outcome == REJECT) {
            (void)fail_within(&why, REJECT, "probe \"%s\"", setting->name);
            complaint(context, why.text);
        }
        if (outcome != DONE || !add_channel(&probe, setting->channel))
            continue;
        probe_describe(&probe, setting, setting->name, lowest_mc, highest_mc);
        (void)snprintf(probe.lane, sizeof probe.lane, "%s", probe.address);
        found(context, &probe);
    }
}

const char *chip_channel(const struct probe_found *probe, char *dir, size_t room)
{
    const char *slash = strrchr(probe->address, '/');
    size_t len = slash ? (size_t)(slash - probe->address) : 0;
    (void)snprintf(dir, room, "%.*s", (int)len, probe->address);
    return slash ? slash + 1 : probe->address;
}
