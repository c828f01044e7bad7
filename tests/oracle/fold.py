#!/usr/bin/env python3
"""An independent reading of the domain rules: one scenario file in, canonical JSON out.

Usage: fold.py SCENARIO.json     (also: fold.py fold --file SCENARIO.json)
It shares no code with the C core and prefers the plainest wording of each rule to speed.
"""
import sys

import corrections
import excursion
import exposure
from canonical import Bad, dump
from clocks import repair
from custody import Fold, order_uncertain
from life import Life, World, stays
from policy import expiry
from scenario import read
from timeline import Equipment, Threshold, open_end, placements


def fold(scenario):
    repair(scenario)
    ordered = corrections.order(scenario["events"])
    # A replacement that counts is an event of the file too.
    scenario["latest"] = max([scenario["latest"]] + [e["time"] for e in ordered.events])
    placed = placements(scenario)
    equipment = {key: Equipment(scenario, key, placed) for key in scenario["equipment"]}
    done = Fold(scenario, ordered.events).run()
    world = World(scenario, equipment, done)
    conflicts = ordered.conflicts + done.conflicts + order_uncertain(scenario, ordered.events, done)
    lots = {}
    for key in sorted(done.lots):
        lots[key], more = describe_lot(world, done.lots[key])
        conflicts += more
    return {"equipment": {key: describe(item) for key, item in equipment.items()}, "lots": lots,
            "events": describe_events(scenario, ordered, done, conflicts), "conflicts": describe_conflicts(conflicts)}


def describe(item):
    segments = {}
    for rule in item.register["rules"]:
        threshold = Threshold(rule)
        # Fine print 13: when a rule names a role, so does its key.
        key = threshold.key() + (" " + rule["role"] if rule["role"] else "")
        segments[key] = open_end(item.segments(threshold, rule["role"]))
    return {"segments": segments, "mkt_mc": item.mean_kinetic(), **excursion.of_equipment(item)}


def describe_lot(world, lot):
    out = {"kind": lot.kind, "product": lot.product, "state": lot.state, "held": lot.on_hold or lot.recalled,
           "ended_at": lot.ended_at, "ended_by": lot.ended_by, "stays": [], "where": [], "segments": {},
           "handling": [], "exposure": [], "verdict": None, "mkt_mc": None}
    if lot.begun_at is None:
        return out, []                                           # a lot without custody has no verdict
    life = Life(world, lot)
    policy = exposure.ruling_policy(world, lot, life)
    out["stays"] = [{"from": a, "to": b, **place.detail()} for a, b, place in open_end(stays(lot))]
    out["where"] = [{"from": a, "to": b, "equipment": e} for a, b, e in open_end(life.where)]
    out["mkt_mc"] = exposure.lot_mean_kinetic(life, policy)
    out["verdict"] = exposure.verdict(world, lot, life)
    conflicts = []
    if policy is not None:
        out["segments"] = {key: open_end(rows) for key, rows in exposure.segments(life, policy).items()}
        out["handling"] = life.handling(policy)
        out["exposure"] = exposure.rows(life, policy)
        conflicts += missed_deadlines(lot, life, policy)
    conflicts += expired(world, lot, life) + releases(world, lot, out["exposure"])
    return out, conflicts


def missed_deadlines(lot, life, policy):
    out = []
    for rule in policy["rules"]:
        if rule["kind"] == "deadline":
            row, events = exposure.deadline_row(life, rule)
            if row["breached"]:
                out.append(("deadline_missed", lot.id, None, row["breached_at"],
                            {"rule": rule["id"], "events": sorted(events)}))
    return out


def expired(world, lot, life):
    """Fine print 39: left when the lot lives then and something of it, or its equipment's watermark, is known later."""
    at = expiry(world.scenario, lot)
    if at is None or life.end <= at or not life.known_later_than(at - 1):
        return []
    return [("expired", lot.id, None, at, None)]


def releases(world, lot, rows):
    """`released_unfit` and `fit_lost` (fine print 37)."""
    out, product = [], (world.scenario["lots"][lot.id]["product"],)
    for event, effect in lot.history:
        if effect and event["type"] == "relabel":
            product = (event["product"],)
        if not (effect and event["type"] == "release"):
            continue
        cut = exposure.verdict(world, lot, Life(world, lot, event["time"], event["id"]), product)
        if cut is not None and cut["verdict"] in ("breached", "unproven"):
            out.append(("released_unfit", lot.id, event["id"], event["time"],
                        {"verdict": cut["verdict"], "rule": cut["rule"]}))
    lost = [row for row in rows if row["breached"]]
    if not lost:
        return out
    first = min(lost, key=lambda row: row["breached_at"])
    # A part inherits its parent's events, and so its release (fine print 17).
    lineage, states, child = list(lot.history), list(lot.states), lot
    while child.parent_lot is not None:
        parent = world.lots[child.parent_lot]
        upto = [e["id"] for e, _ in parent.history].index(child.begun_by)
        lineage = parent.history[:upto + 1] + lineage
        states = [s for s in parent.states if s[2] in {e["id"] for e, _ in parent.history[:upto + 1]}] + states
        child = parent
    # Opening stock stated as released was released by that; a part begins with the release that was in force at the split.
    releases = [e for e, effect in lineage if effect and
                (e["type"] == "release" or (e["type"] == "opening" and e["state"] == "released"))]
    own = {e["id"] for e, _ in lot.history}
    releases = [e for e in releases if e["id"] not in own][-1:] + [e for e in releases if e["id"] in own]
    before = [e for e in releases if e["time"] < first["breached_at"]]
    if before:
        release = before[-1]
        after = states[[s[2] for s in states].index(release["id"]) + 1:]
        left = [t for t, state, _ in after if state != "released"]
        if not (left and left[0] < first["breached_at"]):
            out.append(("fit_lost", lot.id, release["id"], first["breached_at"],
                        {"verdict": "breached", "rule": first["rule"]}))
    return out


def describe_events(scenario, ordered, done, conflicts):
    out = {}
    for event in scenario["events"]:
        out[event["id"]] = {"effect": done.effects.get(event["id"], False) or event["id"] in ordered.effective,
                            "voided_by": ordered.voided_by.get(event["id"]),
                            "conflicts": sorted({c[0] for c in conflicts if c[2] == event["id"]})}
    return out


def describe_conflicts(conflicts):
    """Sorted by at, lot, code, event; what has no time or lot sorts first (fine print 46)."""
    keys = ("code", "lot", "event", "at", "detail")
    rows = [dict(zip(keys, c)) for c in conflicts]
    return sorted(rows, key=lambda c: ((c["at"] is not None, c["at"] or 0), (c["lot"] is not None, c["lot"] or ""),
                                                c["code"], c["event"] or "",
                                                (c["detail"] or {}).get("rule") or "", dump(c["detail"])))


def main(arguments):
    path = arguments[-1]
    try:
        line = dump(fold(read(path)))
    except Bad as why:
        sys.stderr.write("%s: %s: %s\n" % (path, why.path, why))
        return 1
    except OSError as why:
        sys.stderr.write("%s: : %s\n" % (path, why.strerror))
        return 1
    sys.stdout.buffer.write(line.encode("utf-8") + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
