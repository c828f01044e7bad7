/* The table of 5-domain section 6, and fine print 31 to 43: one test a sentence. */
#include "tests/unit/coldchain/custody_base.h"

/* ---- lives begin ---- */

SENTENCE(collect_begins_a_raw_life_at_to, WORLD, COLLECT_U1, "lots.u1.state", "'raw'", "lots.u1.stays",
         "[{'equipment':null,'from':10,'parent':null,'site':'A','to':null}]", "events.e1.effect", "true", "conflicts", "[]")

SENTENCE(a_second_collect_has_no_effect, WORLD, COLLECT_U1 "," EVENT("e2", "collect", "20", U1 ",'to':{'site':'B'}"),
         "conflicts[0]",
         "{'at':20,'code':'two_places','detail':{'equipment':null,'parent':null,'site':'A'},'event':'e2','lot':'u1'}",
         "events.e2.effect", "false", "lots.u1.stays[0].site", "'A'", "lots.u1.stays[1]", "(none)")

SENTENCE(opening_begins_as_attested_in_the_state_it_states, WORLD,
         EVENT("e1", "opening", "10", U1 "," AT_A ",'state':'quarantine','document':'list 7'"), "lots.u1.state",
         "'quarantine'", "lots.u1.stays[0].site", "'A'")

SENTENCE(opening_of_a_life_begun_has_no_effect, WORLD, COLLECT_U1 "," EVENT("e2", "opening", "20", U1 ",'state':'released'"),
         "conflicts[0].code", "'two_places'", "events.e2.effect", "false", "lots.u1.state", "'raw'")

SENTENCE(sample_begins_a_life_tied_to_a_donation, WORLD,
         EVENT("e1", "sample", "10", "'lots':['s1']," AT_A ",'donation':'d1'"), "lots.s1.state", "'raw'",
         "lots.s1.stays[0].site", "'A'", "events.e1.effect", "true")

SENTENCE(a_lot_not_begun_takes_no_event, WORLD, EVENT("e1", "store", "10", U1 ",'to':{'equipment':'F1'}"), "conflicts",
         "[{'at':10,'code':'not_collected','detail':null,'event':'e1','lot':'u1'}]", "events.e1.effect", "false",
         "lots.u1.state", "null", "lots.u1.verdict", "null")

SENTENCE(not_collected_resolves_when_the_collection_comes, WORLD,
         EVENT("e2", "store", "20", U1 ",'to':{'equipment':'F1'}") "," COLLECT_U1, "conflicts", "[]", "events.e2.effect",
         "true", "lots.u1.stays[1].equipment", "'F1'")

SENTENCE(a_container_begins_with_its_first_event, WORLD, EVENT("e1", "hold", "10", "'lots':['c1']"), "lots.c1.held",
         "true", "lots.c1.stays", "[{'equipment':null,'from':10,'parent':null,'site':null,'to':null}]", "conflicts", "[]")

SENTENCE(a_container_begins_with_its_first_content, WORLD,
         COLLECT_U1 "," EVENT("e2", "pack", "20", U1 ",'to':{'parent':'c1'}"), "lots.c1.state", "'raw'",
         "lots.c1.stays[0].from", "20", "lots.u1.stays[1].parent", "'c1'", "conflicts", "[]")

SENTENCE(received_from_outside_a_lot_begins_attested, WORLD,
         EVENT("e1", "receive", "10", U1 ",'from':{'site':'X'}," AT_A), "lots.u1.state", "'raw'", "conflicts", "[]",
         "lots.u1.stays[0].site", "'A'")

SENTENCE(a_site_not_registered_is_outside, WORLD, EVENT("e1", "receive", "10", U1 ",'from':{'site':'Y'}," AT_A),
         "lots.u1.state", "'raw'", "conflicts", "[]")

SENTENCE(received_from_an_own_site_it_must_have_begun, WORLD,
         EVENT("e1", "receive", "10", U1 ",'from':{'site':'B'}," AT_A), "conflicts[0].code", "'not_collected'",
         "lots.u1.state", "null")

/* ---- places ---- */

SENTENCE(store_moves_to_equipment_and_its_site, WORLD, COLLECT_U1 "," EVENT("e2", "store", "20", U1 ",'to':{'equipment':'G1'}"),
         "lots.u1.stays[1]", "{'equipment':'G1','from':20,'parent':null,'site':'B','to':null}", "lots.u1.state", "'raw'")

SENTENCE(freeze_makes_a_raw_lot_quarantine, WORLD, COLLECT_U1 "," EVENT("e2", "freeze", "20", U1 ",'to':{'equipment':'F1'}"),
         "lots.u1.state", "'quarantine'", "lots.u1.stays[1].equipment", "'F1'")

SENTENCE(freeze_leaves_another_state_alone, WORLD,
         COLLECT_U1 "," EVENT("e2", "reject", "15", U1) "," EVENT("e3", "freeze", "20", U1 ",'to':{'equipment':'F1'}"),
         "lots.u1.state", "'rejected'")

SENTENCE(a_stated_from_that_differs_leaves_elsewhere, WORLD,
         COLLECT_U1 "," EVENT("e2", "store", "20", U1 ",'to':{'equipment':'F1'}") ","
         EVENT("e3", "store", "40", U1 ",'from':{'equipment':'F2'},'to':{'equipment':'G1'}"),
         "conflicts[0]",
         "{'at':40,'code':'elsewhere','detail':{'equipment':'F1','parent':null,'site':'A'},'event':'e3','lot':'u1'}",
         "lots.u1.stays[1]", "{'equipment':null,'from':20,'parent':null,'site':null,'to':40}", "lots.u1.stays[2].equipment",
         "'G1'", "events.e3.effect", "true")

SENTENCE(an_unknown_part_differs_from_nothing, WORLD,
         EVENT("e1", "collect", "10", U1) "," EVENT("e2", "store", "20", U1 ",'from':{'site':'B'},'to':{'equipment':'F1'}"),
         "conflicts", "[]")

SENTENCE(no_from_and_in_another_equipment_leaves_two_places, WORLD,
         COLLECT_U1 "," EVENT("e2", "store", "20", U1 ",'to':{'equipment':'F1'}") ","
         EVENT("e3", "store", "40", U1 ",'to':{'equipment':'F2'}"),
         "conflicts[0]",
         "{'at':40,'code':'two_places','detail':{'equipment':'F1','parent':null,'site':'A'},'event':'e3','lot':'u1'}",
         "lots.u1.stays[1].equipment", "'F1'", "lots.u1.stays[1].to", "40", "lots.u1.stays[2].equipment", "'F2'")

SENTENCE(the_same_equipment_again_is_no_contradiction, WORLD,
         COLLECT_U1 "," EVENT("e2", "store", "20", U1 ",'to':{'equipment':'F1'}") ","
         EVENT("e3", "store", "40", U1 ",'to':{'equipment':'F1'}"),
         "conflicts", "[]", "lots.u1.stays[2]", "(none)")

SENTENCE(pack_and_ship_without_from_leave_two_places_too, WORLD,
         COLLECT_BOTH "," EVENT("e3", "store", "20", "'lots':['u1','u2'],'to':{'equipment':'F1'}") ","
         EVENT("e4", "pack", "30", U1 ",'to':{'parent':'c1'}") "," EVENT("e5", "ship", "40", U2 ",'to':{'site':'B'}"),
         "conflicts[0].code", "'two_places'", "conflicts[0].lot", "'u1'", "conflicts[1].code", "'two_places'",
         "conflicts[1].lot", "'u2'")

SENTENCE(take_out_leaves_the_site_only, WORLD,
         COLLECT_U1 "," EVENT("e2", "store", "20", U1 ",'to':{'equipment':'F1'}") "," EVENT("e3", "take_out", "30", U1),
         "lots.u1.stays[2]", "{'equipment':null,'from':30,'parent':null,'site':'A','to':null}", "conflicts", "[]")

SENTENCE(take_out_of_nothing_leaves_elsewhere, WORLD, COLLECT_U1 "," EVENT("e2", "take_out", "30", U1), "conflicts[0].code",
         "'elsewhere'", "lots.u1.stays[0]", "{'equipment':null,'from':10,'parent':null,'site':null,'to':30}")

SENTENCE(unpack_goes_to_the_parents_site, WORLD,
         COLLECT_U1 "," EVENT("e2", "store", "12", "'lots':['c1'],'to':{'equipment':'G1'}") ","
         EVENT("e3", "pack", "20", U1 ",'to':{'parent':'c1'}") "," EVENT("e4", "unpack", "30", U1),
         "lots.u1.stays[2]", "{'equipment':null,'from':30,'parent':null,'site':'B','to':null}", "conflicts", "[]")

SENTENCE(unpack_or_to_where_it_says, WORLD,
         COLLECT_U1 "," EVENT("e3", "pack", "20", U1 ",'to':{'parent':'c1'}") ","
         EVENT("e4", "unpack", "30", U1 ",'to':{'equipment':'G1'}"),
         "lots.u1.stays[2].equipment", "'G1'")

SENTENCE(unpack_from_nothing_leaves_elsewhere, WORLD, COLLECT_U1 "," EVENT("e2", "unpack", "30", U1), "conflicts[0].code",
         "'elsewhere'")

SENTENCE(unpacked_on_the_way_it_is_in_transit, WORLD,
         COLLECT_U1 "," EVENT("e2", "ship", "15", "'lots':['c1'],'to':{'site':'B'}") ","
         EVENT("e3", "pack", "20", U1 ",'to':{'parent':'c1'}") "," EVENT("e4", "unpack", "30", U1) ","
         EVENT("e5", "receive", "40", U1 ",'to':{'site':'B'}"),
         "conflicts", "[]", "lots.u1.stays[2].site", "null", "lots.u1.stays[3].site", "'B'")

/* ---- parents ---- */

SENTENCE(an_unknown_parent_makes_the_place_unknown, WORLD, COLLECT_U1 "," EVENT("e2", "pack", "20", U1 ",'to':{'parent':'c7'}"),
         "conflicts", "[{'at':20,'code':'parent_unknown','detail':{'parent':'c7'},'event':'e2','lot':'u1'}]",
         "events.e2.effect", "true", "lots.u1.stays[1]", "{'equipment':null,'from':20,'parent':null,'site':null,'to':null}")

SENTENCE(a_parent_that_is_inside_is_a_cycle, WORLD,
         EVENT("e1", "pack", "10", "'lots':['c1'],'to':{'parent':'c2'}") ","
         EVENT("e2", "pack", "20", "'lots':['c2'],'to':{'parent':'c1'}") ","
         EVENT("e3", "pack", "30", "'lots':['c2'],'to':{'parent':'c2'}"),
         "conflicts[0]", "{'at':20,'code':'parent_cycle','detail':{'parent':'c1'},'event':'e2','lot':'c2'}", "events.e2.effect",
         "false", "conflicts[1].code", "'parent_cycle'", "lots.c2.stays[0].parent", "null")

SENTENCE(a_parent_that_ended_takes_nothing, WORLD,
         COLLECT_U1 "," EVENT("e2", "dispose", "15", "'lots':['c1']") "," EVENT("e3", "pack", "20", U1 ",'to':{'parent':'c1'}"),
         "conflicts[0].code", "'after_end'", "conflicts[0].lot", "'u1'", "events.e3.effect", "false",
         "lots.u1.stays[0].to", "null")

SENTENCE(storing_in_a_box_bound_to_a_container_is_packing, WORLD,
         COLLECT_U1 "," EVENT("e2", "store", "20", U1 ",'to':{'equipment':'T9'}"), "lots.u1.stays[1]",
         "{'equipment':null,'from':20,'parent':'c9','site':null,'to':null}", "lots.c9.state", "'raw'")

SENTENCE(shipping_in_a_box_bound_to_a_container_is_packing, WORLD,
         COLLECT_U1 "," EVENT("e2", "ship", "20", U1 ",'to':{'site':'B','equipment':'T9'}"), "lots.u1.stays[1].parent",
         "'c9'")

/* ---- travel ---- */

SENTENCE(ship_is_in_transit_in_the_box, WORLD,
         COLLECT_U1 "," EVENT("e2", "ship", "20", U1 ",'to':{'site':'B','equipment':'T1'},'due':90"), "lots.u1.stays[1]",
         "{'equipment':'T1','from':20,'parent':null,'site':null,'to':null}", "lots.u1.ended_at", "null", "conflicts", "[]")

SENTENCE(ship_to_a_site_outside_ends_the_lot, WORLD, COLLECT_U1 "," EVENT("e2", "ship", "20", U1 ",'to':{'site':'X'}"),
         "lots.u1.ended_at", "20", "lots.u1.ended_by", "'e2'")

SENTENCE(shipping_a_box_ships_what_is_inside, WORLD,
         COLLECT_U1 "," EVENT("e2", "pack", "20", U1 ",'to':{'parent':'c1'}") ","
         EVENT("e3", "ship", "30", "'lots':['c1'],'to':{'site':'X'}"),
         "lots.u1.ended_at", "30", "lots.c1.ended_at", "30")

SENTENCE(receive_ends_transit_at_to, WORLD,
         COLLECT_U1 "," EVENT("e2", "ship", "20", U1 ",'to':{'site':'B'}") "," EVENT("e3", "receive", "30", U1 ",'to':{'equipment':'G1'}"),
         "conflicts", "[]", "lots.u1.stays[2]", "{'equipment':'G1','from':30,'parent':null,'site':'B','to':null}")

SENTENCE(received_without_shipment, WORLD, COLLECT_U1 "," EVENT("e3", "receive", "30", U1 ",'to':{'site':'B'}"), "conflicts",
         "[{'at':30,'code':'not_shipped','detail':{'to':null},'event':'e3','lot':'u1'}]", "lots.u1.stays[0].site", "null",
         "lots.u1.stays[1].site", "'B'")

SENTENCE(received_at_another_site, WORLD,
         COLLECT_U1 "," EVENT("e2", "ship", "20", U1 ",'to':{'site':'A'}") "," EVENT("e3", "receive", "30", U1 ",'to':{'site':'B'}"),
         "conflicts[0].code", "'not_shipped'", "conflicts[0].detail.to", "'A'", "lots.u1.stays[1].site", "'B'")

SENTENCE(ship_and_receive_take_the_named_lot_out_of_its_parent, WORLD,
         COLLECT_BOTH "," EVENT("e3", "pack", "20", "'lots':['u1','u2'],'to':{'parent':'c1'}") ","
         EVENT("e4", "ship", "30", U1 ",'from':{'parent':'c1'},'to':{'site':'B'}"),
         "lots.u1.stays[2].parent", "null", "lots.u2.stays[1].to", "null", "conflicts", "[]")

SENTENCE(what_is_inside_a_named_container_stays_inside, WORLD,
         COLLECT_U1 "," EVENT("e2", "pack", "20", U1 ",'to':{'parent':'c1'}") ","
         EVENT("e3", "ship", "30", "'lots':['c1','u1'],'to':{'site':'B'}") ","
         EVENT("e4", "receive", "40", "'lots':['c1','u1'],'to':{'site':'B'}"),
         "conflicts", "[]", "lots.u1.stays[1]", "{'equipment':null,'from':20,'parent':'c1','site':null,'to':null}")

SENTENCE(after_elsewhere_unknown_since_it_last_settled, WORLD,
         COLLECT_U1 "," EVENT("e2", "store", "20", U1 ",'to':{'equipment':'F1'}") "," EVENT("e3", "take_out", "30", U1) ","
         EVENT("e4", "hold", "35", U1) "," EVENT("e5", "store", "40", U1 ",'from':{'site':'B'},'to':{'equipment':'G1'}"),
         "lots.u1.stays[1].equipment", "'F1'", "lots.u1.stays[2]",
         "{'equipment':null,'from':30,'parent':null,'site':null,'to':40}")

/* ---- contents ---- */

SENTENCE(list_and_scan_differ, WORLD,
         COLLECT_BOTH "," EVENT("e3", "pack", "20", U1 ",'to':{'parent':'c1'},'expected':['u1','u2','u3']"), "conflicts",
         "[{'at':20,'code':'wrong_contents','detail':{'extra':[],'missing':['u2','u3']},'event':'e3','lot':'c1'}]",
         "events.e3.effect", "true")

SENTENCE(an_empty_list_says_the_box_is_empty, WORLD,
         COLLECT_U1 "," EVENT("e3", "pack", "20", U1 ",'to':{'parent':'c1'},'expected':[]"), "conflicts[0].detail.extra",
         "['u1']")

SENTENCE(unpacking_expects_what_the_fold_has_in_it, WORLD,
         COLLECT_BOTH "," EVENT("e3", "pack", "20", "'lots':['u1','u2'],'to':{'parent':'c1'}") ","
         EVENT("e4", "unpack", "30", U1 ",'from':{'parent':'c1'}"),
         "conflicts[0].code", "'wrong_contents'", "conflicts[0].detail.missing", "['u2']")

SENTENCE(receiving_a_box_and_its_contents_compares_them, WORLD,
         COLLECT_BOTH "," EVENT("e3", "pack", "20", "'lots':['u1','u2'],'to':{'parent':'c1'}") ","
         EVENT("e4", "ship", "30", "'lots':['c1'],'to':{'site':'B'}") ","
         EVENT("e5", "receive", "40", "'lots':['c1','u1'],'to':{'site':'B'}"),
         "conflicts[0].code", "'wrong_contents'", "conflicts[0].detail", "{'extra':[],'missing':['u2']}", "conflicts[0].lot",
         "'c1'")

SENTENCE(a_sealed_box_is_not_compared, WORLD,
         COLLECT_U1 "," EVENT("e3", "pack", "20", U1 ",'to':{'parent':'c1'}") ","
         EVENT("e4", "ship", "30", "'lots':['c1'],'to':{'site':'B'}") ","
         EVENT("e5", "receive", "40", "'lots':['c1'],'to':{'site':'B'}"),
         "conflicts", "[]")

/* ---- ends ---- */

SENTENCE(issue_and_dispose_end_what_is_inside, WORLD,
         COLLECT_U1 "," EVENT("e2", "pack", "20", U1 ",'to':{'parent':'c1'}") "," EVENT("e3", "dispose", "30", "'lots':['c1']"),
         "lots.u1.ended_at", "30", "lots.u1.ended_by", "'e3'", "lots.c1.ended_at", "30")

SENTENCE(dispose_after_issue_is_its_disposition, WORLD,
         COLLECT_U1 "," EVENT("e2", "issue", "20", U1) "," EVENT("e3", "dispose", "30", U1), "conflicts", "[]",
         "events.e3.effect", "true", "lots.u1.ended_at", "20", "lots.u1.ended_by", "'e2'")

SENTENCE(moving_after_the_end_has_no_effect, WORLD,
         COLLECT_U1 "," EVENT("e2", "dispose", "20", U1) "," EVENT("e3", "store", "30", U1 ",'to':{'equipment':'F1'}") ","
         EVENT("e4", "dispose", "40", U1),
         "conflicts[0].code", "'after_end'", "conflicts[1].code", "'after_end'", "events.e3.effect", "false",
         "lots.u1.stays[0].to", "20", "lots.u1.stays[1]", "(none)")

SENTENCE(only_test_hold_and_recall_count_after_the_end, WORLD,
         COLLECT_U1 "," EVENT("e2", "dispose", "20", U1) "," EVENT("e3", "hold", "30", U1) "," EVENT("e4", "recall", "31", U1) ","
         EVENT("e5", "test", "32", U1 ",'results':{'hiv':'negative'}") "," EVENT("e6", "release", "33", U1) ","
         EVENT("e7", "reject", "34", U1) "," EVENT("e8", "relabel", "35", U1 ",'product':'Q'"),
         "events.e3.effect", "true", "events.e4.effect", "true", "events.e5.effect", "true", "events.e6",
         "{'conflicts':['after_end'],'effect':false,'voided_by':null}", "events.e7.conflicts", "['after_end']",
         "events.e8.conflicts", "['after_end']", "lots.u1.held", "true", "lots.u1.product", "'P'")

/* ---- splits and pools ---- */

SENTENCE(parts_begin_where_it_was_with_its_state_and_holds, WORLD,
         COLLECT_U1 "," EVENT("e2", "freeze", "20", U1 ",'to':{'equipment':'F1'}") "," EVENT("e3", "hold", "25", U1) ","
         EVENT("e4", "split", "30", U1 ",'parts':['w1','w2']"),
         "lots.u1.ended_at", "30", "lots.w1.state", "'quarantine'", "lots.w1.held", "true", "lots.w1.stays",
         "[{'equipment':'F1','from':30,'parent':null,'site':'A','to':null}]", "lots.w2.state", "'quarantine'", "lots.w2.product",
         "'Q'", "lots.w1.product", "null", "conflicts", "[]")

SENTENCE(parts_are_in_transit_with_it, WORLD,
         COLLECT_U1 "," EVENT("e2", "ship", "20", U1 ",'to':{'site':'B'}") "," EVENT("e3", "split", "30", U1 ",'parts':['w1']") ","
         EVENT("e4", "receive", "40", "'lots':['w1'],'to':{'site':'B'}"),
         "conflicts", "[]", "lots.w1.stays[1].site", "'B'")

SENTENCE(a_part_that_lives_is_in_two_places, WORLD,
         COLLECT_BOTH "," EVENT("e3", "split", "30", U1 ",'parts':['u2','w1']"), "conflicts[0].code", "'two_places'",
         "conflicts[0].lot", "'u2'", "lots.u2.stays[0].from", "10", "lots.w1.state", "'raw'", "lots.u1.ended_by", "'e3'")

SENTENCE(a_part_that_is_not_registered, WORLD, COLLECT_U1 "," EVENT("e3", "split", "30", U1 ",'parts':['zz']"), "conflicts",
         "[{'at':30,'code':'bad_identifier','detail':null,'event':'e3','lot':'zz'}]", "lots.zz", "(none)")

SENTENCE(members_end_and_the_pool_begins_raw, WORLD,
         COLLECT_BOTH "," EVENT("e3", "pool", "30", "'lots':['u1','u2'],'pool':'p1','to':{'site':'A'}"), "lots.u1.ended_at", "30",
         "lots.u2.ended_by", "'e3'", "lots.p1.state", "'raw'", "lots.p1.stays[0]",
         "{'equipment':null,'from':30,'parent':null,'site':'A','to':null}", "conflicts", "[]")

SENTENCE(a_container_in_a_pool_stands_for_its_contents, WORLD,
         COLLECT_U1 "," EVENT("e2", "pack", "20", U1 ",'to':{'parent':'c1'}") ","
         EVENT("e3", "pool", "30", "'lots':['c1'],'pool':'p1','to':{'site':'A'}"),
         "lots.u1.ended_at", "30", "lots.c1.ended_at", "null", "lots.p1.state", "'raw'")

SENTENCE(a_pool_that_lives_has_no_effect, WORLD,
         COLLECT_BOTH "," EVENT("e3", "pool", "30", U1 ",'pool':'p1'") "," EVENT("e4", "pool", "40", U2 ",'pool':'p1'"),
         "conflicts[0].code", "'two_places'", "conflicts[0].lot", "'p1'", "lots.u2.ended_at", "null", "events.e4.effect", "false")

SENTENCE(a_pool_without_a_valid_member_has_no_effect, WORLD, EVENT("e4", "pool", "40", U2 ",'pool':'p1'"),
         "conflicts[0].code", "'not_collected'", "lots.p1.state", "null", "events.e4.effect", "false")

SENTENCE(an_empty_container_is_no_member, WORLD,
         EVENT("e1", "hold", "10", "'lots':['c1']") "," EVENT("e4", "pool", "40", "'lots':['c1'],'pool':'p1'"),
         "conflicts[0].code", "'not_collected'", "conflicts[0].lot", "'c1'", "lots.p1.state", "null")

SENTENCE(a_pool_must_be_registered, WORLD, COLLECT_U1 "," EVENT("e4", "pool", "40", U1 ",'pool':'zz'"), "conflicts[0].code",
         "'bad_identifier'", "lots.u1.ended_at", "null")

/* ---- stock ---- */

SENTENCE(hold_and_recall_reach_inside, WORLD,
         COLLECT_U1 "," EVENT("e2", "pack", "20", U1 ",'to':{'parent':'c1'}") "," EVENT("e3", "recall", "30", "'lots':['c1']"),
         "lots.u1.held", "true", "lots.c1.held", "true")

SENTENCE(reject_reaches_inside, WORLD,
         COLLECT_U1 "," EVENT("e2", "pack", "20", U1 ",'to':{'parent':'c1'}") "," EVENT("e3", "reject", "30", "'lots':['c1']"),
         "lots.u1.state", "'rejected'")

SENTENCE(a_box_s_freeze_is_its_bags, WORLD,
         COLLECT_U1 "," EVENT("e2", "pack", "20", U1 ",'to':{'parent':'c1'}") ","
         EVENT("e3", "freeze", "30", "'lots':['c1'],'to':{'equipment':'F1'}"),
         "lots.u1.state", "'quarantine'", "lots.u1.stays[1].parent", "'c1'")

SENTENCE(release_ends_hold_and_rejection_but_not_a_recall, WORLD,
         COLLECT_BOTH "," EVENT("e3", "hold", "20", U1) "," EVENT("e4", "reject", "21", U1) "," EVENT("e5", "release", "30", U1) ","
         EVENT("e6", "recall", "20", U2) "," EVENT("e7", "release", "30", U2),
         "lots.u1.state", "'released'", "lots.u1.held", "false", "lots.u2.state", "'released'", "lots.u2.held", "true")

SENTENCE(release_does_not_reach_inside, WORLD,
         COLLECT_U1 "," EVENT("e2", "pack", "20", U1 ",'to':{'parent':'c1'}") "," EVENT("e3", "release", "30", "'lots':['c1']"),
         "lots.u1.state", "'raw'", "lots.c1.state", "'released'")

SENTENCE(release_needs_every_test_negative, TESTED,
         EVENT("e1", "collect", "10", U1 "," AT_A ",'donation':'d1'") "," EVENT("e2", "release", "20", U1) ","
         EVENT("e3", "test", "30", "'donation':'d1','results':{'hiv':'invalid'}") "," EVENT("e4", "release", "40", U1) ","
         EVENT("e5", "test", "50", "'donation':'d1','results':{'hiv':'negative'}") "," EVENT("e6", "release", "60", U1),
         "conflicts[0]", "{'at':20,'code':'held','detail':{'why':['untested']},'event':'e2','lot':'u1'}", "conflicts[1].event",
         "'e4'", "events.e4.effect", "false", "events.e6.effect", "true", "lots.u1.state", "'released'", "conflicts[2]", "(none)")

SENTENCE(the_last_result_in_the_order_counts, TESTED,
         EVENT("e1", "collect", "10", U1 "," AT_A ",'donation':'d1'") ","
         EVENT("e2", "test", "20", "'donation':'d1','results':{'hiv':'negative'}") ","
         EVENT("e3", "test", "30", "'donation':'d1','results':{'hiv':'reactive'}") "," EVENT("e4", "release", "40", U1),
         "conflicts[0].code", "'held'")

SENTENCE(a_reactive_test_after_release_leaves_fit_lost, TESTED,
         EVENT("e1", "collect", "10", U1 "," AT_A ",'donation':'d1'") ","
         EVENT("e2", "test", "20", "'donation':'d1','results':{'hiv':'negative'}") "," EVENT("e3", "release", "30", U1) ","
         EVENT("e4", "test", "40", "'donation':'d1','results':{'hiv':'reactive'}"),
         "conflicts", "[{'at':40,'code':'fit_lost','detail':{'rule':null,'verdict':null},'event':'e4','lot':'u1'}]")

SENTENCE(an_unknown_donation_resolves_when_it_is_collected, TESTED,
         EVENT("e2", "test", "20", "'donation':'d1','results':{'hiv':'negative'}") ","
         EVENT("e3", "test", "21", "'donation':'d2','results':{'hiv':'negative'}") ","
         EVENT("e1", "collect", "10", U1 "," AT_A ",'donation':'d1'"),
         "conflicts", "[{'at':21,'code':'not_collected','detail':null,'event':'e3','lot':null}]", "events.e2.effect", "true")

SENTENCE(relabel_gives_the_new_product_and_keeps_the_history, TESTED,
         COLLECT_U1 "," EVENT("e2", "relabel", "20", U1 ",'product':'Q'"), "lots.u1.product", "'Q'", "lots.u1.stays[0].from",
         "10", "events.e2.effect", "true")

/* 1 January 1970, 01:00 local. Hold until local midnight two days on: 3 January 00:00 local = 2 d − 1 h = 169200000. */
SENTENCE(the_inventory_hold_ends_at_local_midnight, STRICT,
         EVENT("e1", "collect", "0", U1 "," AT_A ",'donation':'d1'") ","
         EVENT("e2", "test", "20", "'donation':'d1','results':{'hiv':'negative'}") "," EVENT("e3", "release", "169199999", U1) ","
         EVENT("e4", "release", "169200000", U1),
         "conflicts[0]", "{'at':169199999,'code':'held','detail':{'why':['inventory_hold']},'event':'e3','lot':'u1'}",
         "events.e4.effect", "true", "lots.u1.state", "'released'")

/* Collected on 1 January, three days: the last day is 4 January, expired from 5 January 00:00 local = 4 d − 1 h. */
SENTENCE(expired_after_the_last_local_millisecond_of_its_date, STRICT,
         EVENT("e1", "collect", "0", U1 "," AT_A) "," EVENT("e2", "issue", "341999999", U1) ","
         EVENT("e3", "collect", "0", U2 "," AT_A) "," EVENT("e4", "issue", "342000000", U2),
         "conflicts[0].detail.why", "['untested']", "conflicts[1].detail.why", "['expired','untested']")

SENTENCE(expired_is_left_when_the_lot_lives_and_is_known_later, STRICT,
         EVENT("e1", "collect", "0", U1 "," AT_A) "," EVENT("e2", "hold", "342000001", U1) ","
         EVENT("e3", "collect", "0", U2 "," AT_A) "," EVENT("e4", "hold", "341999999", U2),
         "conflicts", "[{'at':342000000,'code':'expired','detail':null,'event':null,'lot':'u1'}]")

SENTENCE(a_stated_expiry_counts, STRICT,
         EVENT("e1", "collect", "0", U1 "," AT_A ",'expires':5") "," EVENT("e2", "hold", "82800000", U1), "conflicts[0].at",
         "82800000", "conflicts[0].code", "'expired'")

SENTENCE(shelf_life_in_months, WORLD ",'products':[{'code':'P','shelf_life_months':1}]",
         EVENT("e1", "collect", "2588400000", U1 "," AT_A) "," EVENT("e2", "hold", "9999999999", U1),
         /* 30 January 1970, 24:00 UTC is 31 January 00:00 … 01:00 local: a month later is 28 February. */
         "conflicts[0].at", "5094000000")

SENTENCE(issued_while_held_says_why, STRICT,
         EVENT("e1", "collect", "0", U1 "," AT_A) "," EVENT("e2", "hold", "1", U1) "," EVENT("e3", "recall", "2", U1) ","
         EVENT("e4", "reject", "3", U1) "," EVENT("e5", "issue", "4", U1),
         "conflicts[0].detail.why", "['inventory_hold','on_hold','recalled','rejected','untested']", "lots.u1.ended_by", "'e5'")

SENTENCE(shipped_to_an_own_site_only_hold_and_recall_count, STRICT,
         EVENT("e1", "collect", "0", U1 "," AT_A) "," EVENT("e2", "ship", "5", U1 ",'to':{'site':'B'}") ","
         EVENT("e3", "collect", "0", U2 "," AT_A) "," EVENT("e4", "hold", "3", U2) "," EVENT("e5", "ship", "5", U2 ",'to':{'site':'B'}"),
         "conflicts", "[{'at':5,'code':'held','detail':{'why':['on_hold']},'event':'e5','lot':'u2'}]")

SENTENCE(shipped_outside_every_reason_counts_for_each_lot_inside, STRICT,
         EVENT("e1", "collect", "0", U1 "," AT_A) "," EVENT("e2", "pack", "5", U1 ",'to':{'parent':'c1'}") ","
         EVENT("e3", "ship", "6", "'lots':['c1'],'to':{'site':'X'}"),
         "conflicts[0].lot", "'u1'", "conflicts[0].detail.why", "['inventory_hold','untested']", "conflicts[1]", "(none)")

SENTENCE(pooled_while_held, TESTED,
         EVENT("e1", "collect", "0", U1 "," AT_A) "," EVENT("e2", "pool", "5", U1 ",'pool':'p1'"), "conflicts[0].code", "'held'",
         "lots.u1.ended_at", "5", "lots.p1.state", "'raw'")

/* ---- the order ---- */

SENTENCE(a_correction_voids_and_replaces, WORLD,
         COLLECT_U1 "," EVENT("e2", "store", "20", U1 ",'to':{'equipment':'F1'}") ","
         EVENT("e3", "correct", "90", "'voids':'e2','replace':{'type':'store','at':30,'lots':['u1'],'to':{'equipment':'G1'}}"),
         "lots.u1.stays[1]", "{'equipment':'G1','from':30,'parent':null,'site':'B','to':null}", "events.e2",
         "{'conflicts':[],'effect':true,'voided_by':'e3'}", "events.e3.effect", "true", "conflicts", "[]")

SENTENCE(a_voided_event_counts_no_more, WORLD, COLLECT_U1 "," EVENT("e3", "correct", "90", "'voids':'e1'"), "lots.u1.state",
         "null", "events.e1", "{'conflicts':[],'effect':false,'voided_by':'e3'}")

SENTENCE(an_event_not_known_cannot_be_voided_yet, WORLD, EVENT("e3", "correct", "90", "'voids':'e1'"), "conflicts",
         "[{'at':90,'code':'unknown_event','detail':{'voids':'e1'},'event':'e3','lot':null}]", "events.e3.effect", "false")

SENTENCE(only_an_earlier_event_can_be_voided, WORLD, EVENT("e0", "correct", "5", "'voids':'e1'") "," COLLECT_U1,
         "conflicts[0].code", "'unknown_event'", "lots.u1.state", "'raw'")

SENTENCE(of_two_corrections_the_later_counts, WORLD,
         COLLECT_U1 "," EVENT("e2", "correct", "90", "'voids':'e1'") ","
         EVENT("e3", "correct", "91", "'voids':'e1','replace':{'type':'collect','at':11,'lots':['u1'],'to':{'site':'B'}}"),
         "conflicts", "[{'at':90,'code':'already_voided','detail':{'voids':'e1'},'event':'e2','lot':null}]",
         "lots.u1.stays[0].site", "'B'", "events.e1.voided_by", "'e3'")

SENTENCE(a_correction_may_be_voided, WORLD,
         COLLECT_U1 "," EVENT("e2", "correct", "90", "'voids':'e1'") "," EVENT("e3", "correct", "91", "'voids':'e2'"),
         "lots.u1.state", "'raw'", "events.e2", "{'conflicts':[],'effect':false,'voided_by':'e3'}", "conflicts", "[]")

SENTENCE(a_correction_is_not_replaced, WORLD,
         COLLECT_U1 "," EVENT("e2", "correct", "90", "'voids':'e1'") ","
         EVENT("e3", "correct", "91", "'voids':'e2','replace':{'type':'hold','at':20,'lots':['u1']}"),
         "lots.u1.state", "'raw'", "lots.u1.held", "false")

SENTENCE(two_events_with_one_id, WORLD, COLLECT_U1 "," EVENT("e1", "hold", "20", U1), "conflicts",
         "[{'at':20,'code':'duplicate_id','detail':null,'event':'e1','lot':null}]", "lots.u1.held", "false", "events.e1.effect",
         "true")

SENTENCE(the_same_event_twice_is_one, WORLD, COLLECT_U1 "," COLLECT_U1, "conflicts", "[]")

SENTENCE(an_event_without_a_time_waits, WORLD,
         "{'id':'e1','type':'collect','boot':'b','up_ms':5,'gateway':'g','lots':['u1'],'to':{'site':'A'}}", "conflicts",
         "[{'at':null,'code':'time_unknown','detail':null,'event':'e1','lot':null}]", "lots.u1.state", "null",
         "events.e1.effect", "false")

SENTENCE(a_synchronised_body_gives_it_its_time, WORLD ",'syncs':[{'gateway':'g','boot':'b','up_ms':7,'t':1000}]",
         "{'id':'e1','type':'collect','boot':'b','up_ms':5,'gateway':'g','lots':['u1'],'to':{'site':'A'}}",
         "lots.u1.stays[0].from", "998", "conflicts", "[]")

SENTENCE(same_time_the_gateway_then_epoch_then_seq_decide, WORLD,
         COLLECT_U1 "," EVENT("e2", "hold", "20", U1 ",'gateway':'g2','seq':1") ","
         EVENT("e3", "release", "20", U1 ",'gateway':'g1','epoch':1,'seq':1") ","
         EVENT("e4", "hold", "20", U1 ",'gateway':'g1','epoch':0,'seq':9"),
         /* hold (e4), release (e3), hold (e2) */
         "lots.u1.held", "true", "lots.u1.state", "'released'")

SENTENCE(a_lot_that_is_not_registered, WORLD, EVENT("e1", "hold", "5", "'lots':['zz']"), "conflicts",
         "[{'at':5,'code':'bad_identifier','detail':null,'event':'e1','lot':'zz'}]")

/* Clock errors 10 + 10: 19 apart is too close, 20 is not. */
#define UNSURE(id, type, at, gateway, ...) EVENT(id, type, at, "'gateway':'" gateway "','clock_error_ms':10," __VA_ARGS__)

SENTENCE(closer_than_the_clock_errors_and_it_matters, WORLD,
         COLLECT_U1 "," UNSURE("e2", "store", "100", "g1", U1 ",'to':{'equipment':'F1'}") ","
         UNSURE("e3", "take_out", "119", "g2", U1),
         "conflicts", "[{'at':119,'code':'order_uncertain','detail':{'other':'e2'},'event':'e3','lot':'u1'}]",
         "lots.u1.stays[2].equipment", "null", "events.e3.effect", "true")

SENTENCE(as_far_apart_as_the_clock_errors, WORLD,
         COLLECT_U1 "," UNSURE("e2", "store", "100", "g1", U1 ",'to':{'equipment':'F1'}") ","
         UNSURE("e3", "take_out", "120", "g2", U1),
         "conflicts", "[]")

SENTENCE(from_one_gateway_the_order_is_certain, WORLD,
         COLLECT_U1 "," UNSURE("e2", "store", "100", "g1", U1 ",'to':{'equipment':'F1'}") ","
         UNSURE("e3", "take_out", "110", "g1", U1),
         "conflicts", "[]")

SENTENCE(when_the_other_order_gives_the_same_it_does_not_matter, WORLD,
         COLLECT_U1 "," UNSURE("e2", "hold", "100", "g1", U1) "," UNSURE("e3", "recall", "105", "g2", U1), "conflicts", "[]",
         "lots.u1.held", "true")

SENTENCE(two_holds_and_a_release_between_them, WORLD,
         COLLECT_U1 "," UNSURE("e2", "hold", "100", "g1", U1) "," UNSURE("e3", "release", "105", "g2", U1), "conflicts[0].code",
         "'order_uncertain'", "conflicts[0].event", "'e3'")

#define ADD(name) tcase_add_test(t, name)

static void add_lives(TCase *t)
{
    ADD(collect_begins_a_raw_life_at_to);
    ADD(a_second_collect_has_no_effect);
    ADD(opening_begins_as_attested_in_the_state_it_states);
    ADD(opening_of_a_life_begun_has_no_effect);
    ADD(sample_begins_a_life_tied_to_a_donation);
    ADD(a_lot_not_begun_takes_no_event);
    ADD(not_collected_resolves_when_the_collection_comes);
    ADD(a_container_begins_with_its_first_event);
    ADD(a_container_begins_with_its_first_content);
    ADD(received_from_outside_a_lot_begins_attested);
    ADD(a_site_not_registered_is_outside);
    ADD(received_from_an_own_site_it_must_have_begun);
    ADD(issue_and_dispose_end_what_is_inside);
    ADD(dispose_after_issue_is_its_disposition);
    ADD(moving_after_the_end_has_no_effect);
    ADD(only_test_hold_and_recall_count_after_the_end);
    ADD(parts_begin_where_it_was_with_its_state_and_holds);
    ADD(parts_are_in_transit_with_it);
    ADD(a_part_that_lives_is_in_two_places);
    ADD(a_part_that_is_not_registered);
    ADD(members_end_and_the_pool_begins_raw);
    ADD(a_container_in_a_pool_stands_for_its_contents);
    ADD(a_pool_that_lives_has_no_effect);
    ADD(a_pool_without_a_valid_member_has_no_effect);
    ADD(an_empty_container_is_no_member);
    ADD(a_pool_must_be_registered);
}

static void add_places(TCase *t)
{
    ADD(store_moves_to_equipment_and_its_site);
    ADD(freeze_makes_a_raw_lot_quarantine);
    ADD(freeze_leaves_another_state_alone);
    ADD(a_stated_from_that_differs_leaves_elsewhere);
    ADD(an_unknown_part_differs_from_nothing);
    ADD(no_from_and_in_another_equipment_leaves_two_places);
    ADD(the_same_equipment_again_is_no_contradiction);
    ADD(pack_and_ship_without_from_leave_two_places_too);
    ADD(take_out_leaves_the_site_only);
    ADD(take_out_of_nothing_leaves_elsewhere);
    ADD(unpack_goes_to_the_parents_site);
    ADD(unpack_or_to_where_it_says);
    ADD(unpack_from_nothing_leaves_elsewhere);
    ADD(unpacked_on_the_way_it_is_in_transit);
    ADD(an_unknown_parent_makes_the_place_unknown);
    ADD(a_parent_that_is_inside_is_a_cycle);
    ADD(a_parent_that_ended_takes_nothing);
    ADD(storing_in_a_box_bound_to_a_container_is_packing);
    ADD(shipping_in_a_box_bound_to_a_container_is_packing);
    ADD(ship_is_in_transit_in_the_box);
    ADD(ship_to_a_site_outside_ends_the_lot);
    ADD(shipping_a_box_ships_what_is_inside);
    ADD(receive_ends_transit_at_to);
    ADD(received_without_shipment);
    ADD(received_at_another_site);
    ADD(ship_and_receive_take_the_named_lot_out_of_its_parent);
    ADD(what_is_inside_a_named_container_stays_inside);
    ADD(after_elsewhere_unknown_since_it_last_settled);
    ADD(list_and_scan_differ);
    ADD(an_empty_list_says_the_box_is_empty);
    ADD(unpacking_expects_what_the_fold_has_in_it);
    ADD(receiving_a_box_and_its_contents_compares_them);
    ADD(a_sealed_box_is_not_compared);
}

static void add_stock(TCase *t)
{
    ADD(hold_and_recall_reach_inside);
    ADD(reject_reaches_inside);
    ADD(a_box_s_freeze_is_its_bags);
    ADD(release_ends_hold_and_rejection_but_not_a_recall);
    ADD(release_does_not_reach_inside);
    ADD(release_needs_every_test_negative);
    ADD(the_last_result_in_the_order_counts);
    ADD(a_reactive_test_after_release_leaves_fit_lost);
    ADD(an_unknown_donation_resolves_when_it_is_collected);
    ADD(relabel_gives_the_new_product_and_keeps_the_history);
    ADD(the_inventory_hold_ends_at_local_midnight);
    ADD(expired_after_the_last_local_millisecond_of_its_date);
    ADD(expired_is_left_when_the_lot_lives_and_is_known_later);
    ADD(a_stated_expiry_counts);
    ADD(shelf_life_in_months);
    ADD(issued_while_held_says_why);
    ADD(shipped_to_an_own_site_only_hold_and_recall_count);
    ADD(shipped_outside_every_reason_counts_for_each_lot_inside);
    ADD(pooled_while_held);
}

static void add_order(TCase *t)
{
    ADD(a_correction_voids_and_replaces);
    ADD(a_voided_event_counts_no_more);
    ADD(an_event_not_known_cannot_be_voided_yet);
    ADD(only_an_earlier_event_can_be_voided);
    ADD(of_two_corrections_the_later_counts);
    ADD(a_correction_may_be_voided);
    ADD(a_correction_is_not_replaced);
    ADD(two_events_with_one_id);
    ADD(the_same_event_twice_is_one);
    ADD(an_event_without_a_time_waits);
    ADD(a_synchronised_body_gives_it_its_time);
    ADD(same_time_the_gateway_then_epoch_then_seq_decide);
    ADD(a_lot_that_is_not_registered);
    ADD(closer_than_the_clock_errors_and_it_matters);
    ADD(as_far_apart_as_the_clock_errors);
    ADD(from_one_gateway_the_order_is_certain);
    ADD(when_the_other_order_gives_the_same_it_does_not_matter);
    ADD(two_holds_and_a_release_between_them);
}

static Suite *suite_of_custody(void)
{
    static void (*const parts[])(TCase *) = {add_lives, add_places, add_stock, add_order};
    static const char *const names[] = {"lives", "places", "stock", "order"};
    Suite *s = suite_create("custody");
    for (size_t i = 0; i < 4; i++) {
        TCase *t = tcase_create(names[i]);
        parts[i](t);
        suite_add_tcase(s, t);
    }
    return s;
}

TEST_MAIN(suite_of_custody)
