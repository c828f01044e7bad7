"""Where a lot was and what is known of its temperature (domain 4; fine print 2, 3, 14, 17, 20)."""
from clocks import FOREVER
from timeline import merged


class World:
    """The folded facts that lives are read from."""

    def __init__(self, scenario, equipment, fold):
        self.scenario, self.equipment, self.fold = scenario, equipment, fold
        self.lots = fold.lots


def stays(lot):
    """Own places in order as [from, to, Place]; of two at one instant the later scan holds, equal ones join."""
    if lot.begun_at is None:
        return []
    end = FOREVER if lot.ended_at is None else lot.ended_at
    places = {}
    for t, place in lot.changes:
        places[t] = place
    times = sorted(places)
    out = []
    for t, until in zip(times, times[1:] + [end]):
        until = min(until, end)
        if t >= until:
            continue
        if out and out[-1][1] == t and out[-1][2].key() == places[t].key():
            out[-1][1] = until
        else:
            out.append([t, until, places[t]])
    return out


def innermost(world, lot, start, end):
    """Domain 4: the innermost monitored equipment over [start, end), as [from, to, equipment or None]."""
    out, at = [], start
    for a, b, place in stays(lot):
        a, b = max(a, start), min(b, end)
        if a >= b:
            continue
        if a > at:
            out.append([at, a, None])
        if place.equipment is not None:
            out += [[x, y, place.equipment if on else None] for x, y, on in monitored(world, place.equipment, a, b)]
        elif place.parent is not None:
            # A container that is also equipment counts as that equipment while it is monitored.
            bound = world.fold.bound.get(place.parent)
            for x, y, on in monitored(world, bound, a, b):
                if on:
                    out.append([x, y, bound])
                else:
                    out += innermost(world, world.lots[place.parent], x, y)
        else:
            out.append([a, b, None])
        at = b
    if at < end:
        out.append([at, end, None])
    return merged(out)


def monitored(world, equipment, start, end):
    """[from, to, is at least one probe of either role placed there]."""
    item = world.equipment.get(equipment)
    if item is None:
        return [[start, end, False]]
    cuts = {start, end}
    for p in item.placements:
        cuts |= {t for t in (p.start, p.end) if start < t < end}
    cuts = sorted(cuts)
    return merged([[a, b, item.monitored(a)] for a, b in zip(cuts, cuts[1:])])


class Life:
    """A lot's life, whole or cut short at an instant, with its ancestors' before a split (fine print 17)."""

    def __init__(self, world, lot, cut=None, last_event=None):
        self.world, self.lot, self.cut = world, lot, cut
        self.history = lot.history
        if last_event is not None:
            index = [e["id"] for e, _ in lot.history].index(last_event)
            self.history = lot.history[:index + 1]
        self.end = FOREVER if lot.ended_at is None else lot.ended_at
        if cut is not None:
            self.end = min(self.end, cut)
        self.where = innermost(world, lot, lot.begun_at, self.end) if lot.begun_at < self.end else []
        child = lot
        while child.parent_lot is not None:
            parent = world.lots[child.parent_lot]
            if parent.begun_at < child.begun_at:
                self.where = innermost(world, parent, parent.begun_at, child.begun_at) + self.where
            child = parent
        self.where = merged(self.where)
        self.begin = child.begun_at
        self.alive = self.end == FOREVER
        self.last_scan = max([lot.begun_at] + [e["time"] for e, _ in self.history])
        self.watermark = None                     # of its equipment at the last instant
        if self.alive and self.where and self.where[-1][2] is not None:
            item = world.equipment[self.where[-1][2]]
            self.watermark = item.watermark(FOREVER)

    def first(self, kind, at_or_after=None):
        """(time, event id) of the first such event of the lot or any of its ancestors; None if there is none.

        Fine print 17: a part has its parent's events too; for a pool, every member's, the latest.
        """
        found = [(e["time"], e["id"]) for e, effect in self.history
                 if effect and e["type"] == kind and (at_or_after is None or e["time"] >= at_or_after)]
        found += inherited(self.world, self.lot, kind, at_or_after)
        return min(found, default=None, key=lambda f: f[0])

    def known_later_than(self, t):
        """Is something of the lot, or its equipment's watermark, known later than t?"""
        return self.last_scan > t or \
            (self.watermark is not None and self.watermark > t)

    def bounds(self, rule):
        """[from EVENT, to EVENT) within the life; None when not started."""
        start, end = self.begin, self.end
        if rule["from"] is not None:
            first = self.first(rule["from"])
            if first is None:
                return None
            start = max(start, first[0])
        if rule["to"] is not None:
            first = self.first(rule["to"])
            if first is not None:
                end = min(end, first[0])
        return (start, end) if start < end else None

    def horizon(self):
        """Fine print 2: figures count to the end or, while it lives, to its equipment's watermark at the last instant."""
        if not self.alive or not self.where:
            return self.end
        start, _, equipment = self.where[-1]
        if equipment is None:
            return max(start, self.last_scan)
        return max(start, self.watermark)

    def unmonitored(self):
        """[from, to, known]: an open end is pending from the last that is known of the lot (fine print 3)."""
        out = []
        for a, b, equipment in self.where:
            if equipment is not None:
                continue
            if b < FOREVER:
                out.append([a, b, True])
            elif self.last_scan > a:
                out += [[a, self.last_scan, True], [self.last_scan, b, False]]
            else:
                out.append([a, b, False])
        return out

    def handling(self, policy):
        """Domain 4, fine print 20: short unmonitored intervals, the earliest ones, each measured whole."""
        bounds = [b for b in (self.bounds(r) for r in policy["rules"] if r["kind"] != "deadline") if b]
        out, used = [], 0
        for a, b, known in self.unmonitored():
            if not known or b - a > policy["handling_max_ms"]:
                continue
            if any(a < end and b > start for start, end in bounds):
                if used == policy["handlings"]:
                    continue
                used += 1
            out.append([a, b])
        return out

    def pieces(self, policy=None):
        """The whole life as (from, to, Piece or None, equipment or None, state of unmonitored time or None)."""
        short = {tuple(h) for h in self.handling(policy)} if policy is not None else set()
        out = []
        for a, b, equipment in self.where:
            if equipment is not None:
                for piece in self.world.equipment[equipment].pieces[None]:
                    x, y = max(a, piece.start), min(b, piece.end)
                    if x < y:
                        out.append((x, y, piece, equipment, None))
        for a, b, known in self.unmonitored():
            out.append((a, b, None, None, "pending" if not known else "handling" if (a, b) in short else "unknown"))
        out.sort(key=lambda p: p[0])
        return out


def inherited(world, lot, kind, at_or_after):
    if lot.parent_lot is not None:
        parent = world.lots[lot.parent_lot]
        upto = [e["id"] for e, _ in parent.history].index(lot.begun_by)
        found = [(e["time"], e["id"]) for e, effect in parent.history[:upto + 1]
                 if effect and e["type"] == kind and (at_or_after is None or e["time"] >= at_or_after)]
        return found + inherited(world, parent, kind, at_or_after)
    if lot.members:
        each = []
        for member in lot.members:
            member = world.lots[member]
            found = [(e["time"], e["id"]) for e, effect in member.history
                     if effect and e["type"] == kind and (at_or_after is None or e["time"] >= at_or_after)]
            found += inherited(world, member, kind, at_or_after)
            if not found:
                return []
            each.append(min(found, key=lambda f: f[0]))
        return [max(each, key=lambda f: f[0])]
    return []
