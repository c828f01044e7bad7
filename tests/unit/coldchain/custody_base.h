/* The world of the custody tests: two own sites, one outside, freezers, a box that is also container c9, lots. Events are
 * written short: EVENT("e1", "store", "20", …) at 20 ms. */
#ifndef TESTS_UNIT_COLDCHAIN_CUSTODY_BASE_H
#define TESTS_UNIT_COLDCHAIN_CUSTODY_BASE_H

#include "tests/helpers/check_main.h"
#include "tests/helpers/folded.h"

#define WORLD_WITHOUT_PRODUCTS                                                                                         \
    "'sites':[{'id':'A'},{'id':'B'},{'id':'X','own':false}],"                                                          \
    "'equipment':[{'id':'F1','kind':'freezer','site':'A'},{'id':'F2','kind':'freezer','site':'A'},"                    \
    "{'id':'G1','kind':'freezer','site':'B'},{'id':'T1','kind':'transport_box'},"                                      \
    "{'id':'T9','kind':'transport_box','container':'c9'}],"                                                            \
    "'lots':[{'id':'u1','product':'P'},{'id':'u2','product':'P'},{'id':'u3','product':'P'},"                           \
    "{'id':'w1'},{'id':'w2','product':'Q'},{'id':'p1','kind':'pool','product':'P'},{'id':'s1','kind':'sample'},"       \
    "{'id':'c1','kind':'container'},{'id':'c2','kind':'container'},{'id':'c9','kind':'container'}]"

#define WORLD WORLD_WITHOUT_PRODUCTS

/* P wants one test, two days of hold, lives three days. */
#define STRICT                                                                                                         \
    WORLD_WITHOUT_PRODUCTS                                                                                             \
    ",'policies':[{'id':'p','required_tests':['hiv'],'inventory_hold_days':2}],"                                       \
    "'products':[{'code':'P','policy':'p','shelf_life_days':3},{'code':'Q'}]"

#define TESTED                                                                                                         \
    WORLD_WITHOUT_PRODUCTS                                                                                             \
    ",'policies':[{'id':'p','required_tests':['hiv']}],'products':[{'code':'P','policy':'p'},{'code':'Q'}]"

#define EVENT(id, type, at, ...) "{'id':'" id "','type':'" type "','at':" at "," __VA_ARGS__ "}"
#define U1 "'lots':['u1']"
#define U2 "'lots':['u2']"
#define AT_A "'to':{'site':'A'}"
#define COLLECT_U1 EVENT("e1", "collect", "10", U1 "," AT_A)
#define COLLECT_U2 EVENT("e2", "collect", "10", U2 "," AT_A)
#define COLLECT_BOTH COLLECT_U1 "," COLLECT_U2

/* One sentence of the pages: its name, a world, events, and pairs of path and value. */
#define SENTENCE(name, base, events, ...)                                                                              \
    START_TEST(name)                                                                                                   \
    {                                                                                                                  \
        static const char *const pairs[] = {__VA_ARGS__, NULL};                                                        \
        folded_expect(base, events, pairs);                                                                            \
    }                                                                                                                  \
    END_TEST

#endif
