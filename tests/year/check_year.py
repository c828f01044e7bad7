#!/usr/bin/env python3
"""check_year.py SILSILA [--print]: the recorded year, judged by the core and by a short calculation of its own.

The calculation knows only what this year needs: one good probe a freezer, one policy, no clock to repair. It cuts each
bag's life since freezing into pieces (a value, handling, or unknown) and counts. Every figure must be equal.
"""
import bisect
import csv
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timezone

GAP, HANDLING, HYSTERESIS = 2_250_000, 1_800_000, 500
KEYS = ["beyond_ms", "occasions", "unknown_ms", "breached_at"]


def load(path):
    rows = list(csv.reader(open(path, encoding="ascii")))[1:]
    times = [int(datetime.strptime(t, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp() * 1000)
             for t, _ in rows]
    return times, [round(float(c) * 1000) for _, c in rows]


def freezer_pieces(series, begin, end):
    """[begin, end) in one freezer as (from, to, millidegrees or None)."""
    times, values = series
    i, at = max(bisect.bisect_right(times, begin) - 1, 0), begin
    while at < end:
        following = times[i + 1] if i + 1 < len(times) else float("inf")
        for until, value in ((min(times[i] + GAP, following), values[i]), (following, None)):
            until = min(until, end)
            if until > at:
                yield at, until, value
                at = until
        i += 1


def life_pieces(events, series, horizon):
    """Since freezing: pieces of a value, None (unknown) or "handling"."""
    pieces, place, since, hands = [], None, None, 0
    frozen = next(e["at"] for e in events if e["type"] == "freeze")
    first = events[0]["at"]
    # Collected and not frozen yet: outside the bounds, but it ends where they begin, so it touches nothing.
    for event in [e for e in events if e["at"] >= frozen and e["at"] > first] + [{"type": "now", "at": horizon}]:
        if since is not None and place is not None:
            pieces += freezer_pieces(series[place], since, event["at"])
        elif since is not None:
            short = event["at"] - since <= HANDLING and hands < 6
            hands += short
            pieces.append((since, event["at"], "handling" if short else None))
        since = event["at"]
        place = event.get("to", {}).get("equipment") if event["type"] in ("freeze", "store") else None
        if event["type"] == "dispose":
            break
    return pieces


def judge(pieces, limit, kind, allowed):
    """One rule: beyond time, runs, unknown time, and when it was breached."""
    beyond = runs = unknown = 0
    is_open, breached = False, None
    for begin, end, value in pieces:
        if value == "handling":
            continue
        if value is None:
            unknown += end - begin
            is_open = False
        elif value > limit:
            runs += not is_open
            is_open = True
            used = {"total": beyond + end - begin, "never": end - begin, "occasions": runs}[kind]
            if used > allowed and breached is None:
                breached = begin + (allowed - beyond if kind == "total" else 0)
            beyond += end - begin
        elif value <= limit - HYSTERESIS:
            is_open = False
    return {"beyond_ms": beyond, "occasions": runs, "unknown_ms": unknown, "breached_at": breached}


def verdict(exposures, rules):
    if any(e["breached_at"] is not None for e in exposures):
        return "breached"
    unknown = exposures[0]["unknown_ms"]                # the same for every rule: one probe, one bound
    if unknown > 3_600_000 or exposures[0]["beyond_ms"] + unknown > rules[0]["allowed"]:
        return "unproven"
    return "within" if any(e["beyond_ms"] for e in exposures) else "clean"


def main():
    silsila, show = sys.argv[1], "--print" in sys.argv
    here = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, os.path.join(here, "make_year.py"), folder], check=True)
        told = json.loads(subprocess.run([silsila, "fold", "--file", os.path.join(folder, "year.json")], check=True,
                                         stdout=subprocess.PIPE).stdout)
        scenario = json.load(open(os.path.join(folder, "year.json"), encoding="ascii"))
        series = {f"F{n}": load(os.path.join(folder, f"f{n}.csv")) for n in range(10)}
    rules = scenario["policies"][0]["rules"]
    wrong, words = 0, {}
    for lot in scenario["lots"]:
        events = sorted((e for e in scenario["events"] if lot["id"] in e["lots"]), key=lambda e: (e["at"], e["seq"]))
        pieces = life_pieces(events, series, scenario["heard_through"]["g0"])
        mine = [judge(pieces, r["limit_mc"], r["kind"], r.get("allowed", 0)) for r in rules]
        core = told["lots"][lot["id"]]
        theirs = [{key: e[key] for key in KEYS} for e in core["exposure"]]
        word = verdict(mine, rules)
        words[word] = words.get(word, 0) + 1
        if show:
            print(lot["id"], word, *(f"{r['id']}: {m['beyond_ms'] / 3.6e6:.2f} h, {m['occasions']}"
                                     for r, m in zip(rules, mine)), f"unknown {mine[0]['unknown_ms'] / 6e4:.0f} min")
        if mine != theirs or word != core["verdict"]["verdict"]:
            wrong += 1
            print(f"{lot['id']}: here {word} {mine}\n    core {core['verdict']['verdict']} {theirs}")
    readings = sum(len(times) for times, _ in series.values())
    excursions = sum(len(e["excursions"]) for e in told["equipment"].values())
    print(f"{readings} readings, {excursions} excursions, {len(scenario['lots'])} lots {words}, {wrong} differ")
    # A year in which nothing happened would prove nothing.
    return 1 if wrong or not {"clean", "within", "unproven", "breached"} <= words.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
