#!/usr/bin/env python3
"""make_year.py FOLDER [SEED]: a year of ten freezer probes at 15 minutes, and lots stored in them and moved.

Writes f0.csv … f9.csv (`time,celsius`) and year.json, a scenario that names them. The freezers hold -30 °C with a
cycling compressor, a defrost every morning, doors opened in working hours and warmer summers; each loses its compressor
once or twice for hours, and its gateway now and then for minutes to a day. Values have the 1/16 °C steps of a DS18B20.
The same seed gives the same files.
"""
import json
import math
import os
import random
import sys
from datetime import datetime, timedelta, timezone

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
STEP = 15 * MINUTE
START = int(datetime(2025, 1, 1, tzinfo=timezone.utc).timestamp() * 1000)
END = START + 365 * DAY
FREEZERS, LOTS = 10, 60


def failures(rng):
    """Compressor failures as (from, hours without cooling)."""
    return [(START + rng.randrange(20, 345) * DAY + rng.randrange(24) * HOUR, rng.choice([4, 6, 7, 9, 16, 30]))
            for _ in range(rng.choice([1, 2, 2]))]


def outages(rng):
    """Times without readings: short ones, and at three freezers in ten one of about a day."""
    short = [(START + rng.randrange(365 * 96) * STEP, rng.randrange(1, 4) * STEP) for _ in range(6)]
    return short + [(START + rng.randrange(10, 350) * DAY, 20 * HOUR)] * (rng.random() < 0.3)


def readings(rng):
    """(time, celsius) of one freezer."""
    broken, silent = failures(rng), outages(rng)
    core, out = -30.0, []
    for t in range(START, END, STEP):
        moment = datetime.fromtimestamp(t / 1000, timezone.utc)
        room = 21 + 5 * math.sin((moment.timetuple().tm_yday - 110) / 365 * 2 * math.pi)
        cooling = all(not at <= t < at + hours * HOUR for at, hours in broken)
        target = -30.0 + 0.7 * math.sin(t / STEP) if cooling else room
        core += (target - core) * (0.30 if cooling else 0.008)
        value = core + rng.gauss(0, 0.08)
        if moment.hour == 6 and moment.minute < 30:
            value += rng.uniform(2.0, 4.5)                      # defrost
        if moment.weekday() < 5 and 8 <= moment.hour < 17 and rng.random() < 0.06:
            value += rng.uniform(0.5, 4.0)                      # a door
        if any(at <= t < at + length for at, length in silent):
            continue
        out.append((t, round(value * 16) / 16))
    return out


def write_csv(path, rows):
    with open(path, "w", encoding="ascii") as out:
        out.write("time,celsius\n")
        for t, celsius in rows:
            moment = datetime(1970, 1, 1) + timedelta(milliseconds=t)
            out.write(f"{moment:%Y-%m-%dT%H:%M:%SZ},{celsius:.4f}\n")


def lives(rng):
    """Events of bags that are collected, frozen, moved between freezers, and sometimes thrown away."""
    events = []

    def event(kind, at, lot, **more):
        events.append({"id": f"e{len(events):04d}", "type": kind, "at": at, "lots": [lot], "gateway": "g0",
                       "seq": len(events), **more})

    for number in range(LOTS):
        lot, t = f"bag{number:02d}", START + rng.randrange(1, 250) * DAY + rng.randrange(8 * 60, 16 * 60) * MINUTE
        event("collect", t, lot, to={"site": "centre"}, donation=lot)
        t += rng.randrange(3, 20) * HOUR
        where = rng.randrange(FREEZERS)
        event("freeze", t, lot, to={"equipment": f"F{where}"})
        for _ in range(rng.randrange(0, 9)):
            t += rng.randrange(1, 20) * DAY + rng.randrange(24 * 60) * MINUTE
            if t > END - DAY:
                break
            event("take_out", t, lot)
            t += rng.choice([5, 12, 20, 30, 31, 55]) * MINUTE
            where = rng.randrange(FREEZERS)
            event("store", t, lot, to={"equipment": f"F{where}"})
        if rng.random() < 0.7:
            t += rng.randrange(1, 90) * DAY
            event("dispose", min(t, END), lot)
    return events


def main():
    folder = sys.argv[1]
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 2025)
    os.makedirs(folder, exist_ok=True)
    for number in range(FREEZERS):
        write_csv(os.path.join(folder, f"f{number}.csv"), readings(rng))
    rules = [{"id": "over -20", "kind": "total", "op": ">", "limit_mc": -20000, "allowed": 72 * HOUR},
             {"id": "over -15", "kind": "occasions", "op": ">", "limit_mc": -15000, "allowed": 1},
             {"id": "over -5", "kind": "never", "op": ">", "limit_mc": -5000}]
    scenario = {
        "heard_through": {"g0": END},
        "sites": [{"id": "centre"}],
        "equipment": [{"id": f"F{n}", "kind": "freezer", "site": "centre", "max_gap_ms": 2 * STEP + STEP // 2,
                       "rules": [{"id": "warm", "op": ">", "limit_mc": -20000, "delay_ms": HOUR,
                                  "hysteresis_mc": 1000, "tier": "action"}]} for n in range(FREEZERS)],
        "placements": [{"gateway": "g0", "probe": f"p{n}", "equipment": f"F{n}", "role": "product", "from": START}
                       for n in range(FREEZERS)],
        "probes": [{"gateway": "g0", "probe": f"p{n}", "csv": f"f{n}.csv"} for n in range(FREEZERS)],
        "policies": [{"id": "plasma", "version": 1, "valid_from": START,
                      "rules": [dict(rule, **{"from": "freeze", "to": "pool"}) for rule in rules]}],
        "products": [{"code": "PLASMA", "policy": "plasma"}],
        "lots": [{"id": f"bag{n:02d}", "kind": "unit", "product": "PLASMA"} for n in range(LOTS)],
        "events": lives(rng),
    }
    with open(os.path.join(folder, "year.json"), "w", encoding="ascii") as out:
        json.dump(scenario, out, indent=1)


if __name__ == "__main__":
    main()
