#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "tests/bench/fleet.h"

/* Gateways in one body: a key, a piece of equipment and its placements each. */
enum { AT_ONCE = 50, PROBES_MOST = 16, ITEMS = AT_ONCE * (2 + PROBES_MOST) + 1 };

struct page {
    Silsila__V1__Item items[ITEMS], *list[ITEMS];
    Silsila__V1__Register entries[ITEMS];
    Silsila__V1__Site site;
    Silsila__V1__Key keys[AT_ONCE];
    Silsila__V1__Equipment equipment[AT_ONCE];
    Silsila__V1__Placement placements[AT_ONCE * PROBES_MOST];
    struct buffer ders[AT_ONCE];
    char equipment_ids[AT_ONCE][48];
    char probes[PROBES_MOST][16];
    size_t count, placement_count;
};

static Silsila__V1__Register *entry(struct page *page, int64_t from_ms)
{
    size_t i = page->count++;
    silsila__v1__item__init(&page->items[i]);
    silsila__v1__register__init(&page->entries[i]);
    page->entries[i].valid_from_ms = from_ms;
    page->items[i].kind_case = SILSILA__V1__ITEM__KIND_REGISTER;
    page->items[i].register_ = &page->entries[i];
    page->list[i] = &page->items[i];
    return &page->entries[i];
}

static char bench_site[] = "bench", freezer[] = "freezer", product[] = "product";

static void add_site(struct page *page, int64_t from_ms)
{
    Silsila__V1__Register *r = entry(page, from_ms);
    silsila__v1__site__init(&page->site);
    page->site.id = bench_site;
    page->site.name = bench_site;
    page->site.own = true;
    r->entry_case = SILSILA__V1__REGISTER__ENTRY_SITE;
    r->site = &page->site;
}

static enum outcome add_gateway(struct fleet *fleet, struct page *page, struct fleet_gateway *gateway, size_t i,
                                int64_t from_ms, struct why *why)
{
    Silsila__V1__Register *r = entry(page, from_ms);
    enum outcome outcome = key_public_der(gateway->key, &page->ders[i], why);
    silsila__v1__key__init(&page->keys[i]);
    page->keys[i].owner = gateway->id;
    page->keys[i].kind = SILSILA__V1__KEY_KIND__KEY_KIND_GATEWAY;
    page->keys[i].public_key = (ProtobufCBinaryData){page->ders[i].len, page->ders[i].data};
    page->keys[i].site = bench_site;
    r->entry_case = SILSILA__V1__REGISTER__ENTRY_KEY;
    r->key = &page->keys[i];
    r = entry(page, from_ms);
    (void)snprintf(page->equipment_ids[i], sizeof page->equipment_ids[i], "f-%s", gateway->id);
    silsila__v1__equipment__init(&page->equipment[i]);
    page->equipment[i].id = page->equipment[i].name = page->equipment_ids[i];
    page->equipment[i].kind = freezer;
    page->equipment[i].site = bench_site;
    r->entry_case = SILSILA__V1__REGISTER__ENTRY_EQUIPMENT;
    r->equipment = &page->equipment[i];
    for (int p = 0; p < fleet->options.probes; p++) {
        Silsila__V1__Placement *placement = &page->placements[page->placement_count++];
        r = entry(page, from_ms);
        silsila__v1__placement__init(placement);
        placement->gateway = gateway->id;
        placement->probe = page->probes[p];
        placement->equipment = page->equipment_ids[i];
        placement->role = product;
        r->entry_case = SILSILA__V1__REGISTER__ENTRY_PLACEMENT;
        r->placement = placement;
    }
    return outcome;
}

enum outcome fleet_register(struct fleet *fleet, struct why *why)
{
    static struct page page;
    struct clock clock = clock_system();
    int64_t now_ms = clock_read(&clock).wall_ms, from_ms = now_ms - 400LL * 86400000;
    enum outcome outcome = DONE;
    for (int p = 0; p < PROBES_MOST; p++)
        (void)snprintf(page.probes[p], sizeof page.probes[p], "28-%02d", p);
    for (int g = 0; g < fleet->options.gateways && outcome == DONE; g += AT_ONCE) {
        page.count = page.placement_count = 0;
        if (g == 0)
            add_site(&page, from_ms);
        for (int i = 0; i < AT_ONCE && g + i < fleet->options.gateways && outcome == DONE; i++)
            outcome = add_gateway(fleet, &page, &fleet->gateways[g + i], (size_t)i, from_ms, why);
        if (outcome == DONE)
            outcome = fleet_add(fleet, &fleet->admin, page.list, page.count, now_ms,
                                buffer_view(&fleet->admin_certificate), why);
        for (int i = 0; i < AT_ONCE; i++)
            buffer_free(&page.ders[i]);
    }
    return outcome;
}
