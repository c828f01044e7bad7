"""The total fold of custody events (domain 6; fine print 17, 18, 31 to 43).

`Fold(scenario, events).run()` applies events in the given order to `Lot`s and collects conflicts. It knows nothing
of temperature; what depends on a verdict is added later.
"""
import re

from policy import expiry, hold_end, version_for

NOWHERE_NAMES = ("site", "equipment", "parent")
NOT_MOVING = ("test", "hold", "recall", "release", "reject", "relabel", "correct")
INSIDE_TOO = ("freeze", "ship", "receive", "hold", "recall", "reject", "issue", "dispose")
ANCHORS = ("freeze", "store", "pack", "receive", "take_out")


class Place:
    """A lot's own place. A part may be unknown, which is not the same as none."""

    def __init__(self, site=None, equipment=None, parent=None, unknown=()):
        self.site, self.equipment, self.parent = site, equipment, parent
        # A lot is always at some site or under way: a site that is not known is never known to be none.
        self.unknown = frozenset(unknown) | ({"site"} if site is None else set())

    def key(self):
        return (self.site, self.equipment, self.parent)

    def detail(self):
        return {"site": self.site, "equipment": self.equipment, "parent": self.parent}


UNKNOWN = Place(unknown=NOWHERE_NAMES)


class Lot:
    def __init__(self, entry):
        self.id, self.kind, self.product = entry["id"], entry["kind"], entry["product"]
        self.begun_at = None
        self.begun_by = None
        self.ended_at = None
        self.ended_by = None
        self.ended_how = None
        self.state = None
        self.on_hold = False
        self.recalled = False
        self.transit = None             # the site it is on its way to, as a one-tuple; None when not in transit
        self.place = UNKNOWN
        self.changes = []               # (t, Place): own place from t on
        self.collected_at = None
        self.expires = None
        self.donation = None
        self.attested_until = None
        self.parent_lot = None          # of a split part
        self.members = []               # of a pool
        self.history = []               # (event, took effect) that named it or reached it, in order
        self.states = []                # (t, state, event id) at every event that set the state
        self.products = []              # (index in history, product)

    def alive(self):
        return self.begun_at is not None and self.ended_at is None

    def signature(self):
        """What fine print 35 compares: place, state, hold, transit, end."""
        return (self.place.key(), self.state, self.on_hold, self.recalled, self.transit, self.ended_at is not None,
                self.ended_by)


class Fold:
    def __init__(self, scenario, events):
        self.scenario = scenario
        self.events = events
        self.lots = {key: Lot(entry) for key, entry in scenario["lots"].items()}
        self.conflicts = []
        self.effects = {}               # event id -> took effect on anything
        self.results = {}               # donation -> {analysis: last result}
        self.bound = {entry["container"]: key for key, entry in scenario["equipment"].items() if entry["container"]}
        self.lot_effects = {}           # (event id, lot id) -> took effect
        self.signatures = {}            # (event id, lot id) -> signature after that event

    # --- the walk ---------------------------------------------------------------------------------------------

    def run(self, upto=None):
        for index, event in enumerate(self.events):
            if upto is not None and index > upto:
                break
            self.apply(event)
        return self

    def apply(self, event):
        self.event = event
        self.effects.setdefault(event["id"], False)
        self.touched = {}
        kind = event["type"]
        if kind == "test":
            self.test(event)
        elif kind == "pool":
            self.pool(event)
        else:
            self.each_lot(event)
        for identity, effect in self.touched.items():
            lot = self.lots[identity]
            lot.history.append((event, effect))
            self.lot_effects[(event["id"], identity)] = effect
            self.signatures[(event["id"], identity)] = lot.signature()
            if effect:
                self.effects[event["id"]] = True

    def conflict(self, code, lot, detail=None, event=None, at=None):
        event = event or self.event
        self.conflicts.append((code, lot, event["id"], event["time"] if at is None else at, detail))

    def touch(self, lot, effect):
        self.touched[lot.id] = self.touched.get(lot.id, False) or effect

    def each_lot(self, event):
        """To each lot it names, in the order of ids, and where the table says so to everything inside it."""
        kind = event["type"]
        named = []
        for identity in event["lots"]:
            if identity not in self.lots:
                self.conflict("bad_identifier", identity)        # fine print 33
            else:
                named.append(identity)
        inside = set()
        if kind in INSIDE_TOO:
            for identity in named:
                if self.lots[identity].alive():
                    inside |= self.inside(identity)
        # Fine print 40: what is inside a named container stays inside, even when it was scanned with it.
        carried = inside
        self.contents(event, named)
        for identity in sorted(set(named) | inside):
            lot = self.lots[identity]
            if identity in carried:
                effect = self.one_inside(event, lot)
            else:
                effect = self.one_named(event, lot)
            self.touch(lot, effect)

    def inside(self, identity):
        """Everything alive in a container, however deep."""
        out, queue = set(), [identity]
        while queue:
            holder = queue.pop()
            for lot in self.lots.values():
                if lot.alive() and lot.place.parent == holder and lot.id not in out and lot.id != identity:
                    out.add(lot.id)
                    queue.append(lot.id)
        return out

    # --- begin and end ------------------------------------------------------------------------------------------

    def begin(self, lot, place, state, event):
        lot.begun_at, lot.begun_by = event["time"], event["id"]
        lot.state = state
        lot.states.append((event["time"], state, event["id"]))
        # The default donation is the DIN in the lot's id (fine print 36); without one, the lot itself.
        lot.donation = event["donation"] or din(lot.id)
        self.move(lot, place, event)
        if event["expires"] is not None:
            lot.expires = event["expires"]

    def end(self, lot, event):
        lot.ended_at, lot.ended_by, lot.ended_how = event["time"], event["id"], event["type"]

    def move(self, lot, place, event):
        lot.place = place
        lot.changes.append((event["time"], place))

    def set_state(self, lot, state, event):
        lot.state = state
        lot.states.append((event["time"], state, event["id"]))

    # --- places ---------------------------------------------------------------------------------------------

    def stated(self, place):
        """A place as written, an equipment that is a container under another name being that container (34)."""
        if place is None:
            return None
        container = self.scenario["equipment"].get(place["equipment"], {}).get("container") if place["equipment"] else None
        if container is not None:
            return {"site": place["site"], "equipment": None, "parent": place["parent"] or container,
                    "named": place["equipment"]}
        return {**place, "named": place["equipment"]}

    def site_of(self, equipment, otherwise=None):
        entry = self.scenario["equipment"].get(equipment)
        return entry["site"] if entry is not None and entry["site"] is not None else otherwise

    def own(self, site):
        """A site not registered is outside (fine print 33)."""
        entry = self.scenario["sites"].get(site)
        return entry is not None and entry["own"]

    def effective_site(self, lot, depth=0):
        """Where a lot is by itself or through its parents; None while nobody can say or it is in transit."""
        if lot.place.parent is not None and depth < 1000:
            holder = self.lots.get(lot.place.parent)
            return self.effective_site(holder, depth + 1) if holder is not None else None
        return lot.place.site

    def go(self, event, lot, to):
        """Work out the place a `to` names. Returns (place, ok): not ok means the event has no effect."""
        if to is None:
            return UNKNOWN, True
        if to["parent"] is not None:
            return self.into_parent(event, lot, to["parent"])
        if to["equipment"] is not None:
            return Place(self.site_of(to["equipment"], to["site"]), to["equipment"], None), True
        return Place(to["site"], None, None, () if to["site"] is not None else NOWHERE_NAMES), True

    def into_parent(self, event, lot, parent):
        holder = self.lots.get(parent)
        if holder is None or (holder.begun_at is None and holder.kind != "container"):
            self.conflict("parent_unknown", lot.id, {"parent": parent})       # place unknown from then
            return UNKNOWN, True
        if parent == lot.id or parent in self.inside(lot.id):
            self.conflict("parent_cycle", lot.id, {"parent": parent})         # no effect
            return None, False
        if holder.ended_at is not None:
            self.conflict("after_end", lot.id)                                # no effect
            return None, False
        if holder.begun_at is None:
            # A container's life begins with its first event or first content.
            self.begin(holder, UNKNOWN, "raw", {**event, "expires": None, "donation": None})
        return Place(None, None, parent, ("site", "equipment")), True

    def differs(self, stated, place):
        """Fine print 31: a named part that is not the own place's; an unknown part differs from nothing."""
        own = dict(zip(NOWHERE_NAMES, place.key()))
        return any(stated[part] is not None and part not in place.unknown and stated[part] != own[part]
                   for part in NOWHERE_NAMES)

    def lose(self, lot, event):
        """After `elsewhere` and `not_shipped` the place is unknown since the last event that fixed it (31)."""
        since = lot.begun_at
        for past, effect in lot.history:
            if effect and past["type"] in ANCHORS:
                since = past["time"]
        lot.changes = [(t, place) for t, place in lot.changes if t < since] + [(since, UNKNOWN)]

    def check_from(self, event, lot):
        """`elsewhere` for every moving event with a stated from that differs. True if it was left."""
        stated = self.stated(event["from"])
        if stated is not None and self.differs(stated, lot.place):
            self.conflict("elsewhere", lot.id, lot.place.detail())
            self.lose(lot, event)
            return True
        return False

    def check_other_place(self, event, lot, place):
        """`two_places`: no from stated, and it is in another equipment or parent."""
        if event["from"] is not None and any(event["from"][part] is not None for part in NOWHERE_NAMES):
            return
        here = lot.place
        in_other_equipment = here.equipment is not None and here.equipment != (place.equipment if place else None)
        in_other_parent = here.parent is not None and here.parent != (place.parent if place else None)
        if in_other_equipment or in_other_parent:
            self.conflict("two_places", lot.id, here.detail())

    # --- one lot that is inside a named one -----------------------------------------------------------------

    def one_inside(self, event, lot):
        kind = event["type"]
        if kind == "freeze" and lot.state == "raw":
            self.set_state(lot, "quarantine", event)
        elif kind == "ship":
            return self.ship_state(event, lot)
        elif kind == "receive":
            lot.transit = None
        elif kind == "hold":
            lot.on_hold = True
        elif kind == "recall":
            lot.recalled = True
        elif kind == "reject":
            self.set_state(lot, "rejected", event)
        elif kind in ("issue", "dispose"):
            self.check_held(event, lot, kind)
            self.end(lot, event)
        return True

    def ship_state(self, event, lot):
        to = self.stated(event["to"]) or {"site": None}
        outside = to["site"] is not None and not self.own(to["site"])
        reasons = self.why_held(lot, event["time"])
        if to["site"] is None or not outside:
            reasons = [r for r in reasons if r in ("on_hold", "recalled")]
        if reasons:
            self.conflict("held", lot.id, {"why": sorted(reasons)})
        lot.transit = (to["site"],)
        if outside:
            self.end(lot, event)
        return True

    def check_held(self, event, lot, kind):
        if kind == "dispose":
            return
        reasons = self.why_held(lot, event["time"])
        if reasons:
            self.conflict("held", lot.id, {"why": sorted(reasons)})

    # --- why a lot may not go ---------------------------------------------------------------------------------

    def policy(self, lot, t):
        return version_for(self.scenario, self.first_event(lot), lot, t)

    def first_event(self, lot):
        """Of a part: its parent's (fine print 26)."""
        while lot.parent_lot is not None:
            lot = self.lots[lot.parent_lot]
        return lot.begun_at

    def untested(self, lot, t):
        policy = self.policy(lot, t)
        known = self.results.get(lot.donation, {})
        return policy is not None and any(known.get(name) != "negative" for name in policy["required_tests"])

    def expired(self, lot, t):
        end = expiry(self.scenario, lot)
        return end is not None and t >= end

    def inventory_hold(self, lot, t):
        policy = self.policy(lot, t)
        end = hold_end(self.scenario, lot, policy)
        return end is not None and t < end

    def why_held(self, lot, t):
        checks = (("on_hold", lot.on_hold), ("rejected", lot.state == "rejected"), ("recalled", lot.recalled),
                  ("untested", self.untested(lot, t)), ("expired", self.expired(lot, t)),
                  ("inventory_hold", self.inventory_hold(lot, t)))
        return sorted(word for word, true in checks if true)

    # --- one lot that is named ---------------------------------------------------------------------------------

    def one_named(self, event, lot):
        kind = event["type"]
        if lot.ended_at is not None:
            return self.on_ended(event, lot)
        if lot.begun_at is None and lot.kind == "container" and not (kind in ("collect", "opening", "sample") or
                                                                     self.arrives_from_outside(event)):
            self.begin(lot, UNKNOWN, "raw", {**event, "expires": None, "donation": None})
        if lot.begun_at is None and kind not in ("collect", "opening", "sample") and not (
                kind == "receive" and self.arrives_from_outside(event)):
            self.conflict("not_collected", lot.id)
            return False
        return getattr(self, "on_" + kind)(event, lot)

    def on_ended(self, event, lot):
        kind = event["type"]
        if kind == "hold":
            lot.on_hold = True
            return True
        if kind == "recall":
            lot.recalled = True
            return True
        if kind == "dispose" and lot.ended_how == "issue":
            return True                                          # its disposition
        self.conflict("after_end", lot.id)
        return False

    def on_collect(self, event, lot):
        if lot.begun_at is not None:
            self.conflict("two_places", lot.id, lot.place.detail())
            return False
        place, ok = self.go(event, lot, self.stated(event["to"]))
        if not ok:
            return False
        self.begin(lot, place, "raw", event)
        lot.collected_at = event["time"]
        return True

    def on_opening(self, event, lot):
        if lot.begun_at is not None:
            self.conflict("two_places", lot.id, lot.place.detail())
            return False
        place, ok = self.go(event, lot, self.stated(event["to"]))
        if not ok:
            return False
        self.begin(lot, place, event["state"] or "raw", event)
        lot.attested_until = event["time"]
        return True

    def on_sample(self, event, lot):
        if lot.begun_at is not None:
            self.conflict("two_places", lot.id, lot.place.detail())
            return False
        place, ok = self.go(event, lot, self.stated(event["to"]))
        if not ok:
            return False
        self.begin(lot, place, "raw", event)
        return True

    def on_freeze(self, event, lot):
        ok = self.on_store(event, lot)
        if ok and event["type"] == "freeze" and lot.state == "raw":
            self.set_state(lot, "quarantine", event)
        return ok

    def on_store(self, event, lot):
        place, ok = self.go(event, lot, self.stated(event["to"]))
        if not ok:
            return False
        self.check_from(event, lot)
        self.check_other_place(event, lot, place)
        self.move(lot, place, event)
        return True

    def site_left(self, lot, stated, at_odds, parent):
        """The site at which a lot is after it left its equipment or parent: where that is; where the scan contradicts,
        or that is not known, the site of the stated from; then where the lot was."""
        holder = self.lots.get(stated["parent"]) if stated else None
        said = (stated["site"] or (self.effective_site(holder) if holder else None) or self.site_of(stated["named"])) \
            if stated else None
        here = self.effective_site(parent if parent is not None else lot)
        order = (said, here, self.effective_site(lot)) if at_odds else (here, said, self.effective_site(lot))
        return next((site for site in order if site is not None), None)

    def on_take_out(self, event, lot):
        before = lot.place
        stated = self.stated(event["from"])
        in_bound_box = before.parent in self.bound               # one thing under two names (fine print 34)
        in_one = before.equipment is not None or in_bound_box
        known = before.parent is not None or "equipment" not in before.unknown
        at_odds = self.check_from(event, lot)
        if not at_odds and not in_one and known:
            # "not in one: elsewhere". A place that is not known is not known to be elsewhere.
            self.conflict("elsewhere", lot.id, before.detail())
            self.lose(lot, event)
        if in_bound_box:
            lot.transit = self.lots[before.parent].transit or lot.transit
        # Place = the site only.
        site = event["to"]["site"] if event["to"] else None
        if site is None:
            site = self.site_left(lot, stated, at_odds, None)
        self.move(lot, Place(site, None, None, () if site is not None else ("site",)), event)
        return True

    def on_pack(self, event, lot):
        to = self.stated(event["to"])
        if to is None or to["parent"] is None:
            self.conflict("parent_unknown", lot.id, {"parent": None})
            place = UNKNOWN
        else:
            place, ok = self.into_parent(event, lot, to["parent"])
            if not ok:
                return False
        self.check_from(event, lot)
        self.check_other_place(event, lot, Place(parent=to["parent"] if to else None))
        self.move(lot, place, event)
        return True

    def on_unpack(self, event, lot):
        before = lot.place
        stated = self.stated(event["from"])
        place = None
        if event["to"] is not None:
            place, ok = self.go(event, lot, self.stated(event["to"]))
            if not ok:
                return False
        at_odds = self.check_from(event, lot)
        if not at_odds and before.parent is None and "parent" not in before.unknown:
            self.conflict("elsewhere", lot.id, before.detail())
            self.lose(lot, event)
        # Out of its parent, to the parent's site, or to; in transit if the parent is. The parent is the one stated.
        holder = self.lots.get(stated["parent"]) if stated and stated["parent"] else self.lots.get(before.parent)
        if holder is not None:
            lot.transit = holder.transit or lot.transit
        if place is None:
            site = self.site_left(lot, stated, at_odds, holder)
            place = Place(site, None, None, () if site is not None else ("site",))
        self.move(lot, place, event)
        return True

    def on_ship(self, event, lot):
        to = self.stated(event["to"]) or {"site": None, "equipment": None, "parent": None}
        if to["parent"] is not None:
            place, ok = self.into_parent(event, lot, to["parent"])
            if not ok:
                return False
        elif to["equipment"] is not None:
            place = Place(None, to["equipment"], None, ("site",))
        else:
            place = Place(None, None, None, ("site", "equipment"))
        self.check_from(event, lot)
        self.check_other_place(event, lot, place)
        self.move(lot, place, event)
        return self.ship_state(event, lot)

    def arrives_from_outside(self, event):
        source = event["from"]["site"] if event["from"] else None
        return event["type"] == "receive" and source is not None and not self.own(source)

    def on_receive(self, event, lot):
        place, ok = self.go(event, lot, self.stated(event["to"]))
        if not ok:
            return False
        if lot.begun_at is None:
            self.begin(lot, place, "raw", event)
            lot.attested_until = event["time"]
            return True
        self.check_from(event, lot)
        transit = lot.transit
        to = self.stated(event["to"]) or {"site": None, "equipment": None, "parent": None}
        arrived = to["site"] or self.site_of(to["equipment"])
        if transit is None or (transit[0] is not None and arrived is not None and transit[0] != arrived):
            self.conflict("not_shipped", lot.id, {"to": transit[0] if transit else None})
            self.lose(lot, event)
        lot.transit = None
        self.move(lot, place, event)
        return True

    def on_hold(self, event, lot):
        lot.on_hold = True
        return True

    def on_recall(self, event, lot):
        lot.recalled = True
        return True

    def on_release(self, event, lot):
        t = event["time"]
        reasons = [word for word, true in (("untested", self.untested(lot, t)),
                                           ("inventory_hold", self.inventory_hold(lot, t)),
                                           ("expired", self.expired(lot, t))) if true]
        if reasons:
            self.conflict("held", lot.id, {"why": sorted(reasons)})
            return False
        lot.on_hold = False                                      # a person's hold ends, a recall does not (38)
        self.set_state(lot, "released", event)
        return True

    def on_reject(self, event, lot):
        self.set_state(lot, "rejected", event)
        return True

    def on_relabel(self, event, lot):
        lot.product = event["product"]
        lot.products.append((event, lot.product))
        if event["expires"] is not None:
            lot.expires = event["expires"]
        return True

    def on_split(self, event, lot):
        at_odds = self.check_from(event, lot)
        self.end(lot, event)
        for identity in event["parts"]:
            part = self.lots.get(identity)
            if part is None:
                self.conflict("bad_identifier", identity)
                continue
            if part.begun_at is not None:
                self.conflict("two_places", identity, part.place.detail())
                if identity != lot.id:
                    self.touch(part, False)
                continue
            place = lot.place
            if at_odds:                                          # the newest scan is what someone saw
                place, fits = self.go(event, part, self.stated(event["from"]))
                place = place if fits else UNKNOWN
            self.begin(part, place, lot.state, event)
            part.parent_lot, part.donation = lot.id, lot.donation
            part.on_hold, part.recalled, part.transit = lot.on_hold, lot.recalled, lot.transit
            part.collected_at, part.attested_until = lot.collected_at, lot.attested_until
            if event["expires"] is None:
                part.expires = lot.expires
            self.touch(part, True)
        return True

    def on_issue(self, event, lot):
        self.check_from(event, lot)
        self.check_held(event, lot, "issue")
        self.end(lot, event)
        return True

    def on_dispose(self, event, lot):
        self.check_from(event, lot)
        self.end(lot, event)
        return True

    # --- tests and pools --------------------------------------------------------------------------------------

    def collected(self, donation):
        """Is a lot of this donation known, other than the sample taken from it?"""
        return donation is not None and any(lot.begun_at is not None and lot.kind != "sample" and lot.donation == donation
                                            for lot in self.lots.values())

    def test(self, event):
        """Results join the donation (domain 6); per analysis the last in the order counts (fine print 36)."""
        donations, unknown = set(), False
        if event["donation"] is not None:
            if self.collected(event["donation"]):
                donations.add(event["donation"])
                self.effects[event["id"]] = True
            else:
                unknown = True
        elif not event["lots"]:
            unknown = True
        for identity in event["lots"]:
            lot = self.lots.get(identity)
            if lot is None:
                self.conflict("bad_identifier", identity)
                continue
            if lot.begun_at is None and lot.kind == "container":
                self.begin(lot, UNKNOWN, "raw", {**event, "expires": None, "donation": None})
            if lot.begun_at is None:
                self.conflict("not_collected", identity)
                self.touch(lot, False)
                continue
            donation = event["donation"] or lot.donation
            if self.collected(donation):
                donations.add(donation)
                self.touch(lot, True)
            else:
                unknown = True
                self.touch(lot, False)
        if unknown:
            self.conflict("not_collected", None)
        for donation in donations:
            self.results.setdefault(donation, {}).update(event["results"] or {})
            if "reactive" in (event["results"] or {}).values():
                for lot in self.lots.values():
                    if lot.donation == donation and lot.state == "released":
                        self.conflict("fit_lost", lot.id, {"verdict": None, "rule": None})

    def pool(self, event):
        pool = self.lots.get(event["pool"])
        members = []
        named, inner, boxes = set(), set(), []
        for identity in event["lots"]:
            lot = self.lots.get(identity)
            if lot is None:
                self.conflict("bad_identifier", identity)
            elif lot.kind == "container" and lot.ended_at is not None:
                named.add(identity)
            elif lot.kind == "container":
                # A container named in `pool` stands for its contents (fine print 40).
                if lot.begun_at is None:
                    self.begin(lot, UNKNOWN, "raw", {**event, "expires": None, "donation": None})
                inner |= {i for i in self.inside(identity) if self.lots[i].kind != "container"}
                self.touch(lot, False)
                boxes.append(identity)
            else:
                named.add(identity)
        ok = False
        if pool is None:
            self.conflict("bad_identifier", event["pool"])
        elif pool.begun_at is not None:
            self.conflict("two_places", pool.id, pool.place.detail())         # no effect
        else:
            ok = True
        for identity in sorted(named | inner):
            lot = self.lots[identity]
            if lot.begun_at is None:
                self.conflict("not_collected", identity)
                self.touch(lot, False)
            elif lot.ended_at is not None:
                self.conflict("after_end", identity)
                self.touch(lot, False)
            elif ok:
                if identity in named:
                    self.check_from(event, lot)
                self.check_held(event, lot, "pool")
                self.end(lot, event)
                self.touch(lot, True)
                members.append(identity)
            else:
                self.touch(lot, False)
        if not members:
            if not any(c[2] == event["id"] for c in self.conflicts):
                for identity in boxes:
                    self.conflict("not_collected", identity)                   # nothing but empty boxes: not dropped
            if pool is not None:
                self.touch(pool, False)                                        # no valid member: no effect
            return
        place, fits = self.go(event, pool, self.stated(event["to"]))
        self.begin(pool, place if fits else UNKNOWN, "raw", event)
        pool.members = members
        self.touch(pool, True)

    # --- lists against scans --------------------------------------------------------------------------------------

    def contents(self, event, named):
        """`wrong_contents`: the list and the scan differ (fine print 40)."""
        kind = event["type"]
        if kind not in ("pack", "unpack", "receive"):
            return
        end = self.stated(event["to"] if kind == "pack" else event["from"])
        container = end["parent"] if end is not None else None
        scanned = set(event["lots"])
        boxes = [i for i in named if self.lots[i].kind == "container"]
        if event["expected"] is not None:
            expected = set(event["expected"])
        elif kind == "unpack":
            if container is None:
                parents = {self.lots[i].place.parent for i in named if self.lots[i].alive()}
                container = parents.pop() if len(parents) == 1 else None
            holder = self.lots.get(container)
            if holder is None or not holder.alive():
                return                                           # the fold knows of nothing to expect
            expected = {lot.id for lot in self.lots.values() if lot.alive() and lot.place.parent == container}
        elif kind == "receive":
            # Only a scan that went into the boxes can be compared with what is in them.
            if not boxes or scanned <= set(boxes):
                return
            expected = set(boxes)
            for box in boxes:
                expected |= self.inside(box)
        else:
            return
        if expected != scanned:
            lot = min(boxes, default=None) if kind == "receive" else container
            self.conflict("wrong_contents", lot, {"missing": sorted(expected - scanned),
                                                  "extra": sorted(scanned - expected)})


def din(identity):
    """The donation number at the head of a lot's id, or the id itself (domain 7: 13 characters)."""
    found = re.match(r"=?([A-NP-Z1-9][0-9A-Z]{4}[0-9]{8})", identity)
    return found.group(1) if found else identity


def order_uncertain(scenario, events, done):
    """Fine print 35, literally: exchange two neighbours of a lot's order and fold again."""
    position = {event["id"]: index for index, event in enumerate(events)}
    found = []
    for lot in done.lots.values():
        for (first, _), (second, _) in zip(lot.history, lot.history[1:]):
            if first["gateway"] == second["gateway"]:
                continue
            if second["time"] - first["time"] >= first["clock_error_ms"] + second["clock_error_ms"]:
                continue
            i, j = position[first["id"]], position[second["id"]]
            other = list(events)
            other[i], other[j] = other[j], other[i]
            again = Fold(scenario, other).run(j)
            # The exchanged order ends, for this lot, with the state after both.
            changed = again.lots[lot.id].signature() != done.signatures[(second["id"], lot.id)]
            for event in (first, second):
                if again.lot_effects.get((event["id"], lot.id), False) != done.lot_effects[(event["id"], lot.id)]:
                    changed = True
            if changed:
                found.append(("order_uncertain", lot.id, second["id"], second["time"], {"other": first["id"]}))
    return found
