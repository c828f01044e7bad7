/* The scenario file's reader and writer: 8-scenario, fine print 45 to 49. */
#include <string.h>

#include "coldchain/scenario.h"
#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/folded.h"

START_TEST(an_empty_file_folds_to_nothing)
{
    struct folded *f = folded("{}");
    folded_is(f, "", "{'conflicts':[],'equipment':{},'events':{},'lots':{}}");
    folded_free(f);
}
END_TEST

START_TEST(unknown_keys_are_refused_with_their_path)
{
    folded_refused("{'lot':[]}", "lot: unknown key");
    folded_refused("{'lots':[{'id':'a'},{'id':'b','colour':1}]}", "lots[1].colour: unknown key");
    folded_refused("{'events':[{'id':'e','type':'hold','at':1,'to':{'room':'x'}}]}", "events[0].to.room: unknown key");
    folded_refused("{'equipment':[{'id':'E','rules':[{'id':'r','ops':'>'}]}]}", "equipment[0].rules[0].ops: unknown key");
    folded_refused("{'probes':[{'gateway':'g','probe':'p','readings':[{'x':1}]}]}", "probes[0].readings[0].x: unknown key");
}
END_TEST

START_TEST(wrong_types_are_refused_with_their_path)
{
    folded_refused("[]", "(file): must be an object");
    folded_refused("{'lots':{}}", "lots: must be a list");
    folded_refused("{'lots':[1]}", "lots[0]: must be an object");
    folded_refused("{'lots':[{'id':1}]}", "lots[0].id: must be text");
    folded_refused("{'lots':[{'id':''}]}", "lots[0].id: an empty name");
    folded_refused("{'lots':[{'id':'a\\u0001'}]}", "lots[0].id: a control character in a name");
    folded_refused("{'lots':[{}]}", "lots[0].id: is missing");
    folded_refused("{'lots':[{'id':'a','kind':'bag'}]}", "lots[0].kind: unknown word");
    folded_refused("{'sites':[{'id':'A','own':1}]}", "sites[0].own: must be true or false");
    folded_refused("{'heard_through':[]}", "heard_through: must be an object");
    folded_refused("{'heard_through':{'g':'x'}}", "heard_through.g: must be an integer");
    folded_refused("{'zone':[[1]]}", "zone[0]: must be a pair");
    folded_refused("{'zone':[[1,99999]]}", "zone: offset out of range");
    folded_refused("{'zone':[[1,0],[1,60]]}", "zone: two offsets from one instant");
    folded_refused("{'events':[{'id':'e','at':1}]}", "events[0].type: is missing");
    folded_refused("{'events':[{'type':'hold','at':1}]}", "events[0].id: is missing");
    folded_refused("{'events':[{'id':'e','type':'hold'}]}", "events[0].at: is missing");
    folded_refused("{'events':[{'id':'e','type':'hold','boot':'b'}]}", "events[0].up_ms: is missing");
    folded_refused("{'events':[{'id':'e','type':'hold','at':1,'lots':['a',2]}]}", "events[0].lots[1]: must be text");
    folded_refused("{'events':[{'id':'e','type':'hold','at':1,'voids':'x'}]}", "events[0].voids: only a correction");
    folded_refused("{'events':[{'id':'e','type':'hold','at':1,'replace':{}}]}", "events[0].replace: only a correction");
    folded_refused("{'events':[{'id':'e','type':'correct','at':1,'voids':'x','replace':{'type':'correct','at':1}}]}",
                   "events[0].replace.type: a correction cannot");
    folded_refused("{'events':[{'id':'e','type':'test','at':1,'results':[]}]}", "events[0].results: must be an object");
    folded_refused("{'events':[{'id':'e','type':'test','at':1,'results':{'hiv':'maybe'}}]}",
                   "events[0].results.hiv: unknown word");
    folded_refused("{'events':[{'id':'e','type':'hold','at':1,'clock_error_ms':-1}]}",
                   "events[0].clock_error_ms: out of range");
    folded_refused("{'syncs':[{'gateway':'g','up_ms':1,'t':1}]}", "syncs[0].boot: is missing");
    folded_refused("{'probes':[{'gateway':'g','probe':'p','readings':[[1]]}]}", "probes[0].readings[0]: must be [t, mc]");
    folded_refused("{'probes':[{'gateway':'g','probe':'p','readings':[[1,2,3]]}]}",
                   "probes[0].readings[0]: quality must be text");
    folded_refused("{'probes':[{'gateway':'g','probe':'p','readings':[[1,2,'']]}]}", "probes[0].readings[0].quality: is empty");
    folded_refused("{'probes':[{'gateway':'g','probe':'p','csv':'x'}]}", "probes[0].csv: files cannot be read here");
    folded_refused("{'probes':[{'gateway':'g','probe':''}]}", "probes[0].probe: is empty");
    folded_refused("{'policies':[{'id':'p','required_tests':[1]}]}", "policies[0].required_tests: must be a list of text");
    folded_refused("{'policies':[{'id':'p','rules':[{'id':'r'}]}]}", "policies[0].rules[0].kind: is missing");
    folded_refused("{'policies':[{'id':'p','rules':[{'id':'r','kind':'total'}]}]}", "policies[0].rules[0].op: is missing");
    folded_refused("{'policies':[{'id':'p','rules':[{'id':'r','kind':'total','op':'>'}]}]}",
                   "policies[0].rules[0].limit_mc: is missing");
    folded_refused("{'policies':[{'id':'p','rules':[{'id':'r','kind':'total','op':'>','limit_mc':1}]}]}",
                   "policies[0].rules[0].allowed: is missing");
    folded_refused("{'policies':[{'id':'p','rules':[{'id':'r','kind':'deadline','allowed':1,'from':'collect'}]}]}",
                   "policies[0].rules[0].to: is missing");
    folded_refused("{'policies':[{'id':'p','rules':[{'id':'r','kind':'never','op':'outside','limit_mc':5}]}]}",
                   "policies[0].rules[0].limit_mc: must be [low, high]");
    folded_refused("{'products':[{'code':'P','shelf_life_days':-1,'policy':'p'},{'code':'P'}]}", "products[1]: stands twice");
}
END_TEST

/* Fine print 12: H must be less than half the band. */
START_TEST(a_band_must_leave_something_to_return_to)
{
    folded_refused("{'equipment':[{'id':'E','rules':[{'id':'r','op':'outside','limit_mc':[0,1000],'hysteresis_mc':500}]}]}",
                   "equipment[0].rules[0].hysteresis_mc: must be less than half the band");
    folded_free(folded(
        "{'equipment':[{'id':'E','rules':[{'id':'r','op':'outside','limit_mc':[0,1000],'hysteresis_mc':499}]}]}"));
}
END_TEST

/* Fine print 47. */
START_TEST(one_id_with_other_content_is_an_error)
{
    folded_refused("{'lots':[{'id':'a'},{'id':'a','kind':'pool'}]}", "lots[1]: stands twice with different content");
    folded_refused("{'sites':[{'id':'A'},{'id':'A','own':false}]}", "sites[1]: stands twice");
    folded_refused("{'equipment':[{'id':'E'},{'id':'E','kind':'freezer'}]}", "equipment[1]: stands twice");
    folded_refused("{'policies':[{'id':'p','version':1},{'id':'p','version':1,'handlings':2}]}",
                   "policies[1]: this version stands twice");
    folded_refused("{'policies':[{'id':'p','rules':[{'id':'r','kind':'never','op':'>','limit_mc':1},"
                   "{'id':'r','kind':'never','op':'>','limit_mc':2}]}]}",
                   "policies[0].rules[1]: stands twice");
    folded_refused("{'placements':[{'gateway':'g','probe':'p','equipment':'E','from':1},"
                   "{'gateway':'g','probe':'p','equipment':'F','from':1}]}",
                   "placements: two of one probe");
    folded_refused("{'probes':[{'gateway':'g','probe':'p','calibrations':[{'from':1,'offset_mc':1},{'from':1,'offset_mc':2}]}]}",
                   "probes[0].calibrations: two from one instant");
    folded_refused("{'equipment':[{'id':'E','rules':[{'id':'r','op':'>','limit_mc':1},{'id':'r','op':'>','limit_mc':2}]}]}",
                   "equipment[0].rules[1]: stands twice");
}
END_TEST

START_TEST(the_same_entry_twice_is_one)
{
    folded_free(folded("{'lots':[{'id':'a'},{'id':'a','kind':'unit'}],'sites':[{'id':'A'},{'id':'A','own':true}],"
                       "'equipment':[{'id':'E','out_of_service':[[1,2],[1,2],[0,null]]},{'id':'E','max_gap_ms':900000,"
                       "'out_of_service':[[0,null],[1,2]]}],'policies':[{'id':'p'},{'id':'p'}],'products':[{'code':'P'},"
                       "{'code':'P','policy':null}],'placements':[{'gateway':'g','probe':'p','equipment':'E','from':1},"
                       "{'gateway':'g','probe':'p','equipment':'E','role':'product','from':1}],'zone':[[1,0],[1,0]],"
                       "'probes':[{'gateway':'g','probe':'p','calibrations':[{'from':1,'offset_mc':1}]},"
                       "{'gateway':'g','probe':'p','calibrations':[{'from':1,'offset_mc':1}]}]}"));
}
END_TEST

START_TEST(a_boot_is_a_name_or_a_number)
{
    struct folded *f = folded("{'lots':[{'id':'a'}],'syncs':[{'gateway':'g','boot':7,'up_ms':0,'t':100}],"
                              "'events':[{'id':'e','type':'collect','boot':7,'up_ms':5,'gateway':'g','lots':['a']}]}");
    folded_is(f, "lots.a.stays[0].from", "105");
    folded_free(f);
}
END_TEST

/* The file `csv` names, as the caller reads it. */
static enum outcome give_csv(void *context, const char *name, struct arena *arena, struct bytes *text, struct why *why)
{
    (void)arena;
    if (strcmp(name, "gone.csv") == 0)
        return fail(why, RETRY, "gone.csv: no such file");
    *text = bytes_of(context, strlen(context));
    return DONE;
}

static enum outcome fold_with_csv(const char *name, const char *csv, struct buffer *out, struct why *why)
{
    char content[200];
    char scenario[400];
    snprintf(content, sizeof content, "%s", csv);
    snprintf(scenario, sizeof scenario,
             "{\"equipment\":[{\"id\":\"E\",\"rules\":[{\"id\":\"r\",\"op\":\">\",\"limit_mc\":8000}]}],"
             "\"placements\":[{\"gateway\":\"g\",\"probe\":\"p\",\"equipment\":\"E\",\"from\":0}],"
             "\"probes\":[{\"gateway\":\"g\",\"probe\":\"p\",\"csv\":\"%s\"}]}",
             name);
    struct scenario_files files = {give_csv, content};
    return scenario_fold(bytes_of(scenario, strlen(scenario)), &files, out, why);
}

START_TEST(readings_from_a_csv_file)
{
    scoped_by(buffer_free) struct buffer out = {0};
    struct why why = {""};
    ck_assert(fold_with_csv("t.csv", "time,celsius\n1970-01-01T00:00:01Z,9.5\n1970-01-01T00:00:02Z,4\n", &out, &why) == DONE);
    buffer_add_byte(&out, 0);
    ck_assert_ptr_nonnull(strstr((char *)out.data, "[1000,2000,\"beyond\"]"));
    buffer_reset(&out);
    ck_assert(fold_with_csv("t.csv", "time,celsius\n1970-01-01T00:00:01Z,warm\n", &out, &why) == REJECT);
    ck_assert_ptr_nonnull(strstr(why.text, "probes[0].csv: line 2"));
    ck_assert(fold_with_csv("gone.csv", "", &out, &why) == REJECT);
    ck_assert_str_eq(why.text, "probes[0].csv: gone.csv: no such file");
}
END_TEST

static Suite *suite_of_scenario_read(void)
{
    Suite *s = suite_create("scenario");
    TCase *t = tcase_create("scenario");
    tcase_add_test(t, an_empty_file_folds_to_nothing);
    tcase_add_test(t, unknown_keys_are_refused_with_their_path);
    tcase_add_test(t, wrong_types_are_refused_with_their_path);
    tcase_add_test(t, a_band_must_leave_something_to_return_to);
    tcase_add_test(t, one_id_with_other_content_is_an_error);
    tcase_add_test(t, the_same_entry_twice_is_one);
    tcase_add_test(t, a_boot_is_a_name_or_a_number);
    tcase_add_test(t, readings_from_a_csv_file);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_scenario_read)
