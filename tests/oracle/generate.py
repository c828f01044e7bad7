#!/usr/bin/env python3
"""Random scenarios: generate.py SEED > file     (the same seed always gives the same file)

Lives of lots over equipment with realistic temperatures, faults, gaps, moves, packs, pools, splits, corrections,
contradictions, late policies, calibrations and clocks that were not set. Times lie on a coarse grid with a few odd
milliseconds, so that boundaries are met exactly again and again.
"""
import json
import random
import sys

MINUTE = 60000
DAY = 24 * 60 * MINUTE


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)
        r = self.r
        self.start = r.choice([0, 1801900800000, 1804960800000])   # two of them near a change of local time
        self.minutes = r.choice([90, 240, 600, 3000])
        self.step = r.choice([1, 5, 10, 15]) if self.minutes <= 600 else r.choice([10, 15, 30])
        self.count = 0

    def chance(self, p):
        return self.r.random() < p

    def t(self, low=0.0, high=1.0):
        """An instant of the scenario, on a grid more often than not, sometimes a millisecond beside it."""
        minute = int(self.minutes * (low + (high - low) * self.r.random()))
        if self.chance(0.7):
            minute -= minute % 5
        return self.start + minute * MINUTE + self.r.choice([0] * 8 + [1, -1])

    def make(self):
        r = self.r
        s = {"sites": [{"id": "S1"}, {"id": "S2", "own": True}, {"id": "OUT", "own": False}]}
        self.gateways = ["g%d" % i for i in range(1, r.randint(2, 5))]
        if self.chance(0.7):
            s["heard_through"] = {g: self.t(0.6, 1.1) for g in self.gateways if self.chance(0.7)}
        if self.chance(0.5):
            s["zone"] = [[0, 60], [1801965600000, 0], [1804989600000, 60]]
        s["lots"] = self.lots()
        s["equipment"] = self.equipment()
        s["placements"], s["probes"], s["syncs"] = self.probes(s["equipment"])
        s["policies"], s["products"] = self.policies()
        s["events"] = self.events(s)
        return s

    # --- registers --------------------------------------------------------------------------------------------

    def lots(self):
        r = self.r
        self.units = ["U%02d" % i for i in range(r.randint(1, 8))]
        self.parts = ["V%02d" % i for i in range(r.randint(0, 4))]
        self.boxes = ["BOX%d" % i for i in range(r.randint(0, 3))]
        self.samples = ["SAM%d" % i for i in range(r.randint(0, 2))]
        self.pools = ["POOL%d" % i for i in range(r.randint(0, 2))]
        out = []
        for kind, ids in (("unit", self.units + self.parts), ("container", self.boxes), ("sample", self.samples),
                          ("pool", self.pools)):
            for i in ids:
                lot = {"id": i, "kind": kind}
                if kind == "pool" or (kind == "unit" and self.chance(0.95)):
                    lot["product"] = r.choice(["FFP", "FFP", "RBC"])
                out.append(lot)
        return out

    def threshold(self, around):
        r = self.r
        op = r.choice([">", ">", ">", ">=", "<", "<=", "outside"])
        if op == "outside":
            low = around - r.choice([2000, 4000])
            return {"op": op, "limit_mc": [low, low + r.choice([4000, 6000])]}
        return {"op": op, "limit_mc": around + r.choice([-5000, -1000, 0, 500, 1000, 5000])}

    def equipment(self):
        r = self.r
        out = []
        self.levels = {}
        free = list(self.boxes)
        for i in range(r.randint(1, 5)):
            kind = r.choice(["freezer", "freezer", "refrigerator", "cold room", "transport box", "vehicle"])
            e = {"id": "E%d" % i, "kind": kind, "site": r.choice(["S1", "S2"])}
            self.levels[e["id"]] = r.choice([-25000, -25000, -22000, 4000])
            if self.chance(0.4):
                e["max_gap_ms"] = r.choice([5, 10, 15, 30]) * MINUTE
            if kind == "transport box" and free and self.chance(0.6):
                e["container"] = free.pop()
            e["rules"] = []
            for k in range(r.choice([0, 1, 1, 2, 3])):
                rule = {"id": "r%d" % k, "delay_ms": r.choice([0, 5, 10, 30, 60]) * MINUTE, **self.threshold(self.levels[e["id"]])}
                if self.chance(0.5):
                    rule["hysteresis_mc"] = r.choice([0, 500, 1000])
                if self.chance(0.2):
                    rule["role"] = r.choice(["air", "product"])
                if self.chance(0.15):
                    middle = self.t(0.2, 0.8)
                    e["rules"].append({**rule, "valid_to": middle})
                    rule = {**rule, "valid_from": middle, "delay_ms": 0}
                elif self.chance(0.1):
                    rule["valid_to"] = self.t(0.3, 1.0)
                e["rules"].append(rule)
            if self.chance(0.15):
                a = self.t(0.1, 0.8)
                e["out_of_service"] = [[a, r.choice([a + 30 * MINUTE, None])]]
            out.append(e)
        return out

    # --- temperatures -------------------------------------------------------------------------------------------

    def probes(self, equipment):
        r = self.r
        placements, probes, syncs = [], [], []
        for g in self.gateways:
            if self.chance(0.4):
                for boot in r.sample(["b1", "b2"], r.randint(1, 2)):
                    for _ in range(r.randint(1, 3)):
                        up = r.randint(0, self.minutes) * MINUTE
                        syncs.append({"gateway": g, "boot": boot, "up_ms": up, "t": self.start + up + r.choice([0, 0, 1, 5000])})
        for e in equipment:
            for _ in range(r.choice([0, 1, 1, 1, 2, 3])):
                g, p = r.choice(self.gateways), "p%d" % self.count
                self.count += 1
                places = [[self.start - r.choice([0, 0, 60]) * MINUTE if self.chance(0.8) else self.t(0, 0.5), e["id"]]]
                while self.chance(0.25):
                    places.append([max(self.t(0.2, 0.9), places[-1][0] + 1), r.choice(equipment)["id"]])
                for index, (since, where) in enumerate(places):
                    entry = {"gateway": g, "probe": p, "equipment": where, "role": r.choice(["product", "product", "air"]), "from": since}
                    if self.chance(0.15):
                        entry["to"] = since + r.randint(1, self.minutes) * MINUTE
                    placements.append(entry)
                probes.append(self.probe(g, p, self.levels[e["id"]], syncs))
        return placements, probes, syncs

    def probe(self, g, p, level, syncs):
        r = self.r
        out = {"gateway": g, "probe": p, "readings": []}
        if self.chance(0.4):
            out["calibrations"] = []
            for since in sorted({self.t(-0.2, 0.9) for _ in range(r.randint(1, 3))}):
                entry = {"from": since, "offset_mc": r.choice([-500, 0, 250, 1000])}
                if self.chance(0.3):
                    entry["due"] = since + r.randint(1, self.minutes) * MINUTE
                out["calibrations"].append(entry)
        warm_until, gone_until, drift = -1, -1, 0
        for minute in range(0, self.minutes, self.step):
            if self.chance(0.01 * self.step / 5):
                warm_until, drift = minute + r.choice([5, 10, 30, 60, 200]), r.choice([1000, 5000, 6000, 12000, -6000, 30000])
            if self.chance(0.006 * self.step / 5):
                gone_until = minute + r.choice([10, 20, 60])
            if minute < gone_until:
                continue
            value = level + r.choice([-500, 0, 0, 1, 500]) + (drift if minute < warm_until else 0)
            t = self.start + minute * MINUTE + (r.choice([1, -1, 17]) if self.chance(0.03) else 0)
            if self.chance(0.02):
                out["readings"].append([t, value, r.choice(["fault", "power_on", "range"])])
            elif syncs and self.chance(0.05):
                out["readings"].append({"mc": value, "boot": r.choice(["b1", "b2", "b3"]), "up_ms": minute * MINUTE, "seq": minute})
            elif self.chance(0.02):
                out["readings"].append({"t": t, "mc": value, "seq": 1})
                out["readings"].append({"t": t, "mc": value + 3000, "seq": 2, "quality": r.choice(["good", "fault"])})
            else:
                out["readings"].append([t, value])
        return out

    # --- policies ---------------------------------------------------------------------------------------------

    def policies(self):
        r = self.r
        policies = []
        for name in ("PLASMA", "CELLS"):
            for version in range(1, r.choice([2, 2, 3, 4])):
                p = {"id": name, "version": version, "valid_from": self.start if version == 1 and self.chance(0.7) else self.t(0, 0.9),
                     "rules": []}
                if self.chance(0.4):
                    p["applies_to_stock"] = self.chance(0.7)
                if self.chance(0.5):
                    p["max_unknown_ms"] = r.choice([0, 10, 30, 60, 600]) * MINUTE
                if self.chance(0.4):
                    p["handling_max_ms"] = r.choice([0, 5, 15, 30]) * MINUTE
                if self.chance(0.4):
                    p["handlings"] = r.choice([0, 1, 2, 3])
                if self.chance(0.25):
                    p["inventory_hold_days"] = r.choice([0, 1, 2])
                if self.chance(0.3):
                    p["required_tests"] = r.sample(["HBV", "HIV"], r.randint(1, 2))
                if self.chance(0.15):
                    p["calibration_lapsed"] = "unproven"
                for k in range(r.randint(0, 5)):
                    p["rules"].append(self.rule("q%d" % k))
                policies.append(p)
        products = [{"code": "FFP", "policy": "PLASMA"}, {"code": "RBC", "policy": "CELLS"}, {"code": "NONE"}]
        for product in products:
            if self.chance(0.3):
                product["shelf_life_days"] = r.choice([0, 1, 2])
            elif self.chance(0.1):
                product["shelf_life_months"] = r.choice([0, 1])
        return policies, products

    def rule(self, name):
        r = self.r
        kind = r.choice(["never", "total", "single", "occasions", "deadline"])
        if kind == "deadline":
            return {"id": name, "kind": kind, "from": r.choice(["collect", "collect", "freeze", "ship"]),
                    "to": r.choice(["freeze", "freeze", "release", "receive", "pool", "issue"]), "allowed": r.choice([5, 30, 60, 500]) * MINUTE}
        rule = {"id": name, "kind": kind, **self.threshold(r.choice([-20000, -20000, -15000, 4000]))}
        if kind in ("total", "single"):
            rule["allowed"] = r.choice([0, 5, 10, 30, 60, 300]) * MINUTE
        elif kind == "occasions":
            rule["allowed"] = r.choice([0, 1, 2])
        if self.chance(0.3):
            rule["hysteresis_mc"] = r.choice([0, 1000, 1900])
        if self.chance(0.3):
            rule["phase"] = r.choice(["storage", "transport"])
        if self.chance(0.4):
            rule["from"] = r.choice(["freeze", "collect", "store", "pack", "release"])
        if self.chance(0.25):
            rule["to"] = r.choice(["pool", "release", "ship", "issue", "freeze"])
        return rule

    # --- events -----------------------------------------------------------------------------------------------

    def place(self, s, parents=True):
        r = self.r
        x = r.random()
        if x < 0.6:
            return {"equipment": r.choice(s["equipment"])["id"]}
        if x < 0.65:
            return {"equipment": "NOT-REGISTERED", "site": "S1"}
        if x < 0.7 and parents and self.boxes:
            return {"parent": r.choice(self.boxes)}
        return {"site": r.choice(["S1", "S2"])}

    def events(self, s):
        r = self.r
        events = []
        all_lots = self.units + self.parts + self.boxes + self.samples + self.pools
        where = {}
        seq = {}

        def add(kind, at, lots, **more):
            e = {"id": "e%03d" % len(events), "type": kind, "at": at, "lots": lots,
                 **{("from" if k == "from_" else k): v for k, v in more.items() if v is not None}}
            if self.chance(0.8):
                e["gateway"] = r.choice(self.gateways)
                seq[e["gateway"]] = seq.get(e["gateway"], 0) + 1
                e["seq"] = seq[e["gateway"]]
            if self.chance(0.3):
                e["clock_error_ms"] = r.choice([0, 500, 1000, 60000])
            if "gateway" in e and self.chance(0.03):
                e["boot"], e["up_ms"] = r.choice(["b1", "b2", "b3"]), r.randint(0, self.minutes) * MINUTE
            events.append(e)
            return e

        for u in self.units:
            x = r.random()
            if x < 0.85:
                to = self.place(s, False)
                add("collect", self.t(0, 0.2), [u], to=to, donation="D" + u[-1] if self.chance(0.5) else None)
                where[u] = to
            elif x < 0.93:
                add("opening", self.t(0, 0.2), [u], to=self.place(s, False), state=r.choice(["raw", "quarantine", "released", "rejected"]),
                    expires=self.t(0, 1) if self.chance(0.3) else None)
            elif x < 0.97:
                add("receive", self.t(0, 0.2), [u], from_={"site": r.choice(["OUT", "ELSEWHERE", "S1"])}, to=self.place(s, False), document="d")
        for name in self.samples:
            add("sample", self.t(0, 0.3), [name], donation="D" + r.choice(self.units)[-1], to=self.place(s, False))
        times = sorted(self.t(0.1, 1.0) for _ in range(r.choice([3, 10, 25, 60])))
        for t in times:
            lots = r.sample(all_lots, min(len(all_lots), r.choice([1, 1, 1, 2, 3])))
            first = lots[0]
            source = where.get(first) if self.chance(0.5) else (self.place(s) if self.chance(0.15) else None)
            kind = r.choice(["freeze", "freeze", "store", "store", "store", "take_out", "take_out", "pack", "pack", "unpack", "ship",
                             "ship", "receive", "receive", "hold", "release", "release", "reject", "relabel", "split", "pool",
                             "issue", "dispose", "recall", "test", "collect", "correct"])
            if kind in ("issue", "dispose", "pool", "split") and self.chance(0.5):
                kind = "store"
            to = None
            if kind in ("freeze", "store"):
                to = {"equipment": r.choice(s["equipment"])["id"]}
                add(kind, t, lots, to=to, from_=source)
            elif kind == "take_out":
                add(kind, t, lots, from_=source)
            elif kind == "pack":
                if not self.boxes and self.chance(0.8):
                    continue
                to = {"parent": r.choice(self.boxes) if self.boxes and self.chance(0.9) else r.choice(["NOPE"] + all_lots)}
                add(kind, t, lots, to=to, from_=source, expected=r.sample(all_lots, min(2, len(all_lots))) if self.chance(0.1) else None)
            elif kind == "unpack":
                inside = [u for u in all_lots if where.get(u, {}).get("parent")]
                if inside and self.chance(0.8):
                    box = where[r.choice(inside)]["parent"]
                    lots = [u for u in inside if where[u]["parent"] == box]
                    source = {"parent": box}
                to = self.place(s, False) if self.chance(0.3) else None
                add(kind, t, lots, from_=source, to=to)
                for u in lots:
                    where.pop(u, None)
            elif kind == "ship":
                if self.boxes and self.chance(0.5):
                    lots = [r.choice(self.boxes)]
                    source = None
                to = {"site": r.choice(["S1", "S2", "S2", "S2", "OUT"] if self.chance(0.3) else ["S1", "S2"])}
                if self.chance(0.5):
                    to["equipment"] = r.choice(s["equipment"])["id"]
                add(kind, t, lots, to=to, from_=source)
                if self.chance(0.8):
                    add("receive", t + r.choice([5, 20, 60]) * MINUTE, lots, to={"site": to["site"]},
                        expected=lots if self.chance(0.2) else None)
                    to = None
            elif kind == "receive":
                add(kind, t, lots, to=self.place(s, False), from_=source)
            elif kind == "test":
                more = {"donation": "D" + r.choice(self.units)[-1]} if self.chance(0.5) else {}
                add(kind, t, [] if more and self.chance(0.7) else lots,
                    results={a: r.choice(["negative"] * 6 + ["reactive", "invalid"]) for a in r.sample(["HBV", "HIV"], r.randint(1, 2))}, **more)
            elif kind == "relabel":
                add(kind, t, lots, product=r.choice(["FFP", "RBC", "NONE", "UNHEARD-OF"]))
            elif kind == "split":
                if self.parts:
                    add(kind, t, [r.choice(self.units + self.parts)], parts=r.sample(self.parts, r.randint(1, min(2, len(self.parts)))), from_=source)
            elif kind == "pool":
                if self.pools:
                    add(kind, t, r.sample(self.units + self.parts + self.boxes, 1 + (len(self.units) > 1)), pool=r.choice(self.pools),
                        to=self.place(s, False))
            elif kind == "collect":
                add(kind, t, [r.choice(self.units)], to=self.place(s, False))
            elif kind == "correct":
                if events:
                    target = r.choice(events)
                    more = {}
                    if target["type"] != "correct" and self.chance(0.5):
                        more["replace"] = {k: v for k, v in target.items() if k in ("type", "lots", "to", "from", "donation", "results", "product", "parts", "pool")}
                        more["replace"]["at"] = self.t(0.1, 1.0)
                    add(kind, t, [], voids=target["id"] if self.chance(0.95) else "e999", **more)
            else:
                add(kind, t, lots)
            if to is not None:
                for u in lots:
                    where[u] = to
        if events and self.chance(0.1):
            twin = dict(r.choice(events))
            twin["at"] = self.t(0, 1)
            twin["person"] = "somebody else"
            events.append(twin)
        if events and self.chance(0.05):
            r.choice(events)["lots"] = ["NOT-A-LOT"]
        return events


if __name__ == "__main__":
    json.dump(Maker(int(sys.argv[1])).make(), sys.stdout)
    print()
