"""From readings to what is known of an equipment at each instant (domain 1 and 2, fine print 1, 6, 9, 11, 13).

A `Piece` is a stretch of time in which nothing changes for one equipment and one choice of probes: each placed
probe that is in use is good with one value, or silent, or not heard from yet (pending).
"""
import bisect
import math

from clocks import FOREVER, NEVER


class Carry:
    """One good reading, holding its value over [start, end)."""

    def __init__(self, start, end, value, lapsed):
        self.start, self.end, self.value, self.lapsed = start, end, value, lapsed


class Placement:
    """A probe in an equipment over [start, end), with what its readings carry there."""

    def __init__(self, gateway, probe, entry, end):
        self.gateway, self.probe, self.role, self.equipment = gateway, probe, entry["role"], entry["equipment"]
        self.start, self.end = entry["from"], end
        self.carries = []

    def at(self, t):
        """(carry good at t or None, last carry that ended at or before t or None)."""
        index = bisect.bisect_right([c.start for c in self.carries], t) - 1 if not hasattr(self, "starts") \
            else bisect.bisect_right(self.starts, t) - 1
        if index < 0:
            return None, None
        carry = self.carries[index]
        return (carry, None) if t < carry.end else (None, carry)


class Probe:
    """What one placed probe in use says during a piece."""

    def __init__(self, gateway, value, lapsed, pending, last_value, last_end=None):
        self.gateway = gateway
        self.value = value                # millidegrees while good, else None
        self.lapsed = lapsed              # its calibration had lapsed when it was read
        self.pending = pending            # its gateway has not been heard to here
        self.last_value = last_value      # while silent: the value with which its last carry here ended
        self.last_end = last_end          # and when


class Piece:
    def __init__(self, start, end, probes, watermark):
        self.start, self.end, self.probes, self.watermark = start, end, probes, watermark

    def good(self, lapsed_counts=True):
        return [p.value for p in self.probes if p.value is not None and (lapsed_counts or not p.lapsed)]

    def pending(self):
        """Fine print 6: from the watermark on, and with no probe placed from that of the last placement on."""
        if self.probes:
            return any(p.pending for p in self.probes)
        return self.watermark is not None and self.start >= self.watermark

    def state(self, threshold, lapsed_counts=True):
        """Beyond if any good probe is; inside if one is good, none beyond and none pending; else unknown or pending."""
        good = self.good(lapsed_counts)
        if any(threshold.beyond(v) for v in good):
            return "beyond"
        if self.pending():
            return "pending"
        return "inside" if good else "unknown"


class Threshold:
    """(limit, op), or a band (domain 2)."""

    def __init__(self, rule):
        self.op, self.limit, self.hysteresis = rule["op"], rule["limit_mc"], rule["hysteresis_mc"]

    def key(self):
        if self.op == "outside":
            return "outside %d..%d" % tuple(self.limit)
        return "%s %d" % (self.op, self.limit)

    def beyond(self, value):
        if self.op == ">":
            return value > self.limit
        if self.op == ">=":
            return value >= self.limit
        if self.op == "<":
            return value < self.limit
        if self.op == "<=":
            return value <= self.limit
        return value < self.limit[0] or value > self.limit[1]

    def inside_by_hysteresis(self, value):
        """Would the value still be inside if the limit were moved inwards by H (domain 3)?"""
        h = self.hysteresis
        if self.op == ">":
            return value <= self.limit - h
        if self.op == ">=":
            return value < self.limit - h
        if self.op == "<":
            return value >= self.limit + h
        if self.op == "<=":
            return value > self.limit + h
        return self.limit[0] + h <= value <= self.limit[1] - h

    def extreme(self, values):
        """The most extreme value in the threshold's direction; for a band the farthest outside, of equals the higher."""
        if self.op in (">", ">="):
            return max(values)
        if self.op in ("<", "<="):
            return min(values)
        low, high = self.limit
        return max(values, key=lambda v: (max(low - v, v - high), v))


def placements(scenario):
    """Placements with their carries. A placement ends with its `to` or when the next of that probe begins."""
    out = []
    by_probe = {}
    for entry in scenario["placements"]:
        by_probe.setdefault((entry["gateway"], entry["probe"]), []).append(entry)
    for (gateway, probe), entries in sorted(by_probe.items()):
        entries.sort(key=lambda e: e["from"])
        mine = []
        for index, entry in enumerate(entries):
            end = FOREVER if entry["to"] is None else entry["to"]
            if index + 1 < len(entries):
                end = min(end, entries[index + 1]["from"])
            if entry["from"] < end:
                mine.append(Placement(gateway, probe, entry, end))
        fill(scenario, gateway, probe, mine)
        out += mine
    return out


def fill(scenario, gateway, probe, mine):
    """Carries of one probe's good readings, each in the placement it was taken in."""
    data = scenario["probes"].get((gateway, probe))
    if data is None:
        return
    watermark = scenario["watermark"](gateway)
    # Order (measured_at, gateway, epoch, seq, position); of one instant only the last counts, good or bad.
    timed = [r for r in data["readings"] if r["time"] is not None]
    timed.sort(key=lambda r: (r["time"], r["epoch"], r["seq"], r["position"],
                              NEVER if r["mc"] is None else r["mc"], r["quality"]))
    last_at = {r["time"]: r for r in timed}
    readings = [last_at[t] for t in sorted(last_at)]
    for index, reading in enumerate(readings):
        if reading["quality"] != "good":
            continue
        t = reading["time"]
        place = next((p for p in mine if p.start <= t < p.end), None)
        equipment = place and scenario["equipment"].get(place.equipment)
        if equipment is None:
            continue
        # Domain 1, carry: [t, min(next reading, t + max_gap)), ended by the placement and by the watermark.
        end = min(t + equipment["max_gap_ms"], place.end, watermark)
        if index + 1 < len(readings):
            end = min(end, readings[index + 1]["time"])
        if t < end:
            value, lapsed = calibrated(data["calibrations"], t, reading["mc"])
            place.carries.append(Carry(t, end, value, lapsed))
    for place in mine:
        place.starts = [c.start for c in place.carries]


def calibrated(calibrations, t, raw):
    """Raw plus the offset valid at t (0 before the first); lapsed only after a due time (fine print 11)."""
    ruling = [c for c in calibrations if c["from"] <= t]
    if not ruling:
        return raw, False
    last = ruling[-1]
    return raw + last["offset_mc"], last["due"] is not None and t > last["due"]


class Equipment:
    """Everything the temperature side knows of one equipment."""

    def __init__(self, scenario, identity, all_placements):
        self.id = identity
        self.register = scenario["equipment"][identity]
        self.placements = [p for p in all_placements if p.equipment == identity]
        self.watermark_of = scenario["watermark"]
        self.first = min((p.start for p in self.placements), default=None)
        self.last = max((p.end for p in self.placements), default=None)
        self.pieces = {}
        for role in (None, "product", "air"):
            self.pieces[role] = self.make_pieces(role)

    def in_use(self, t, role):
        """Domain 2: the product probes placed at t, or where there is none the air probes; a rule may name a role."""
        here = [p for p in self.placements if p.start <= t < p.end]
        if role is not None:
            return [p for p in here if p.role == role]
        product = [p for p in here if p.role == "product"]
        return product or [p for p in here if p.role == "air"]

    def monitored(self, t):
        return any(p.start <= t < p.end for p in self.placements)

    def make_pieces(self, role):
        if not self.placements:
            return []
        cuts = {self.first, FOREVER}
        for p in self.placements:
            cuts |= {p.start, p.end, self.watermark_of(p.gateway)}
            for c in p.carries:
                cuts |= {c.start, c.end}
        cuts = sorted(c for c in cuts if self.first <= c <= FOREVER)
        edges = {p.start for p in self.placements} | {p.end for p in self.placements}
        pieces, using, watermark = [], [], None
        for start, end in zip(cuts, cuts[1:]):
            if start in edges:
                using = self.in_use(start, role)
                if using:
                    # Fine print 6: the earliest among the gateways that own probes of the role in use; while none
                    # is placed, the one of the last placement goes on.
                    watermark = min(self.watermark_of(p.gateway) for p in using)
            probes = []
            for p in using:
                now, before = p.at(start)
                probes.append(Probe(p.gateway, now.value if now else None, bool(now and now.lapsed),
                                    start >= self.watermark_of(p.gateway), before.value if before else None,
                                    before.end if before else None))
            fallback = watermark
            if fallback is None and role is not None:
                fallback = self.watermark(start)          # this role was never placed yet: the equipment's own
            pieces.append(Piece(start, end, probes, fallback))
        return pieces

    def watermark(self, t, role=None):
        """The equipment's watermark at an instant (fine print 6); None before its first placement."""
        found = None
        for piece in self.pieces.get(role, []):
            if piece.start > t:
                break
            found = piece.watermark
        return found

    def segments(self, threshold, role):
        """Fine print 13: from the first placement's from to the last one's to, holes unknown."""
        out = []
        for piece in self.pieces[role]:
            end = min(piece.end, self.last)
            if piece.start < end:
                out.append([piece.start, end, piece.state(threshold)])
        return merged(out)

    def mean_kinetic(self):
        return mean_kinetic([(max(piece.good()), piece.end - piece.start)
                             for piece in self.pieces[None] if piece.good()])


def merged(segments):
    out = []
    for segment in segments:
        if out and out[-1][1] == segment[0] and out[-1][2:] == segment[2:]:
            out[-1][1] = segment[1]
        else:
            out.append(list(segment))
    return out


def mean_kinetic(weighted):
    """Domain 4: T = 10000 / -ln(mean(exp(-10000 / Ti))), kelvin, time-weighted; (millidegrees, ms) pairs in."""
    total = sum(ms for _, ms in weighted)
    if total == 0:
        return None
    by_value = {}
    for value, ms in weighted:
        by_value[value] = by_value.get(value, 0) + ms
    mean = math.fsum(ms * math.exp(-10000.0 / (value / 1000.0 + 273.15)) for value, ms in sorted(by_value.items())) / total
    millis = (10000.0 / -math.log(mean) - 273.15) * 1000.0
    return int(math.floor(abs(millis) + 0.5)) * (1 if millis >= 0 else -1)


def open_end(segments):
    return [[a, None if b >= FOREVER else b] + list(rest) for a, b, *rest in segments]
