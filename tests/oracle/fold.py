#!/usr/bin/env python3
"""An independent reading of the domain rules: one scenario file in, canonical JSON out.

Usage: fold.py SCENARIO.json     (also: fold.py fold --file SCENARIO.json)
It shares no code with the C core and prefers the plainest wording of each rule to speed.
"""
import sys

import excursion
from canonical import Bad, dump
from clocks import repair
from scenario import read
from timeline import Equipment, Threshold, open_end, placements


def fold(scenario):
    repair(scenario)
    placed = placements(scenario)
    equipment = {key: Equipment(scenario, key, placed) for key in scenario["equipment"]}
    return {"equipment": {key: describe(item) for key, item in equipment.items()}}


def describe(item):
    segments = {}
    for rule in item.register["rules"]:
        threshold = Threshold(rule)
        key = threshold.key() + (" " + rule["role"] if rule["role"] else "")
        segments[key] = open_end(item.segments(threshold, rule["role"]))
    return {"segments": segments, "mkt_mc": item.mean_kinetic(), **excursion.of_equipment(item)}


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
