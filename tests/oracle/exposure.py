"""What each rule of a policy counted, and the verdict (domain 4; fine print 7, 17 to 30)."""
from life import Life
from policy import version_for
from timeline import Threshold, mean_kinetic, merged

TRANSPORT = ("transport box", "transport_box", "transport-box", "vehicle")
RANK = {"breached": 0, "unproven": 1, "within": 2, "clean": 3}


def phase_of(world, equipment):
    """Fine print 13: any kind but transport box and vehicle is storage."""
    return "transport" if world.scenario["equipment"][equipment]["kind"] in TRANSPORT else "storage"


def seen(life, policy, rule):
    """What a temperature rule sees: (from, to, state) inside its bounds up to the horizon.

    `recovered` is inside by the rule's hysteresis, `inside` inside but not by so much, `out` monitored time of
    another phase.
    """
    bounds = life.bounds(rule)
    if bounds is None:
        return []
    start, end = bounds[0], min(bounds[1], life.horizon())
    threshold, counts = Threshold(rule), policy["calibration_lapsed"] == "flag"
    out = []
    for a, b, piece, equipment, state in life.pieces(policy):
        a, b = max(a, start), min(b, end)
        if a >= b:
            continue
        if piece is not None:
            state = piece.state(threshold, counts)
            if rule["phase"] is not None and rule["phase"] != phase_of(life.world, equipment):
                state = "out"
            elif state == "inside" and threshold.inside_by_hysteresis(threshold.extreme(piece.good(counts))):
                state = "recovered"
        out.append((a, b, state))
    return out


def longest_run(timeline, allowed=None):
    """Fine print 21: from the first beyond instant to the last, through everything but handling, until the value is
    inside by H or the phase changes. Returns (longest, the first beyond instant that makes it more than allowed)."""
    longest, breached_at, length, waiting, running = 0, None, 0, 0, False
    for a, b, state in timeline:
        if state == "beyond":
            if not running:
                running, length, waiting = True, 0, 0
            before = length + waiting
            length, waiting = before + b - a, 0
            if allowed is not None and breached_at is None and length > allowed:
                breached_at = a + max(0, allowed - before)
            longest = max(longest, length)
        elif state in ("recovered", "out"):
            running = False
        elif state != "handling" and running:
            waiting += b - a
    return longest, breached_at


def past(counted, allowed):
    """The first instant of these stretches with more than `allowed` up to and including it."""
    used = 0
    for a, b in counted:
        if used + b - a > allowed:
            return a + max(0, allowed - used)
        used += b - a
    return None


def runs(timeline, allowed=None):
    """Domain 4, `occasions`: unknown time splits runs, handling does not."""
    number, breached_at, running = 0, None, False
    for a, b, state in timeline:
        if state == "beyond":
            if not running:
                number, running = number + 1, True
                if allowed is not None and number == allowed + 1:
                    breached_at = a
        elif state in ("recovered", "out", "unknown", "pending"):
            running = False
    return number, breached_at


def total(timeline, state, allowed=None):
    counted = [(a, b) for a, b, other in timeline if other == state]
    return sum(b - a for a, b in counted), None if allowed is None else past(counted, allowed)


def temperature_row(life, policy, rule):
    timeline = seen(life, policy, rule)
    allowed, kind = rule["allowed"], rule["kind"]
    beyond, beyond_at = total(timeline, "beyond", allowed)
    longest, longest_at = longest_run(timeline, allowed)
    number, number_at = runs(timeline, allowed)
    used, at = {"never": (beyond, beyond_at), "total": (beyond, beyond_at), "single": (longest, longest_at),
                "occasions": (number, number_at)}[kind]
    return {"rule": rule["id"], "used": used, "allowed": allowed, "remaining": max(0, allowed - used),
            "occasions": number, "longest_ms": longest, "beyond_ms": beyond,
            "unknown_ms": total(timeline, "unknown")[0], "pending_ms": total(timeline, "pending")[0],
            "breached": used > allowed, "breached_at": at if used > allowed else None}


def deadline_row(life, rule):
    """Time from the first A to the first B at or after it; without B, breached once later things are known (23)."""
    first = life.first(rule["from"])
    used, breached, allowed = None, False, rule["allowed"]
    events = []
    if first is not None:
        events = [first[1]]
        second = life.first(rule["to"], first[0])
        if second is not None:
            used = second[0] - first[0]
            breached = used > allowed
            events.append(second[1])
        else:
            ended_before = life.end < first[0] + allowed
            breached = not ended_before and life.known_later_than(first[0] + allowed)
    return {"rule": rule["id"], "used": used, "allowed": allowed,
            "remaining": None if used is None else max(0, allowed - used), "occasions": None, "longest_ms": None,
            "beyond_ms": None, "unknown_ms": 0, "pending_ms": 0, "breached": breached,
            "breached_at": first[0] + allowed if breached else None}, events


def rows(life, policy):
    return [deadline_row(life, rule)[0] if rule["kind"] == "deadline" else temperature_row(life, policy, rule)
            for rule in policy["rules"]]


def would_breach(life, policy, rule):
    """Would a `total` or `single` rule be breached were all its unknown time beyond?"""
    timeline = [(a, b, "beyond" if state == "unknown" else state) for a, b, state in seen(life, policy, rule)]
    used = total(timeline, "beyond")[0] if rule["kind"] == "total" else longest_run(timeline)[0]
    return used > rule["allowed"]


def unknown_and_pending(life, policy):
    """Unknown, and pending, time inside the bounds of at least one temperature rule (fine print 19)."""
    rules = [(life.bounds(r), Threshold(r)) for r in policy["rules"] if r["kind"] != "deadline"]
    rules = [(bounds, threshold) for bounds, threshold in rules if bounds is not None]
    counts, horizon = policy["calibration_lapsed"] == "flag", life.horizon()
    sums = {"unknown": 0, "pending": 0}
    cuts = sorted({t for bounds, _ in rules for t in bounds} | {horizon})
    for a, b, piece, _, state in life.pieces(policy):
        edges = [a] + [t for t in cuts if a < t < b] + [b]
        for x, y in zip(edges, edges[1:]):
            here = [threshold for (start, end), threshold in rules if start <= x < end]
            if not here or x >= horizon:
                continue
            states = {piece.state(threshold, counts) for threshold in here} if piece is not None else {state}
            for word in sums:
                if word in states:
                    sums[word] += y - x
    return sums["unknown"], sums["pending"]


def own_verdict(life, policy, attested):
    exposure = rows(life, policy)
    unknown, pending = unknown_and_pending(life, policy)
    by_id = list(zip(policy["rules"], exposure))
    word, rule = "clean", None
    breached = [row["rule"] for _, row in by_id if row["breached"]]
    unproven = [r["id"] for r, _ in by_id if r["kind"] in ("total", "single") and would_breach(life, policy, r)]
    # "used something": a deadline that was met does not count.
    used = [row["rule"] for r, row in by_id if r["kind"] != "deadline" and row["used"] > 0]
    if breached:
        word, rule = "breached", breached[0]                     # the first in the policy's order
    elif unknown > policy["max_unknown_ms"]:
        word, rule = "unproven", "max_unknown"                   # exactly max_unknown is allowed (20)
    elif unproven:
        word, rule = "unproven", unproven[0]
    elif used or attested:
        word, rule = "within", deciding(by_id, used)
    return {"policy": policy["id"], "version": policy["version"], "verdict": word, "rule": rule, "unknown_ms": unknown,
            "pending_ms": pending, "member": None}


def deciding(by_id, used):
    """Fine print 24: largest used / allowed among temperature rules with allowed > 0, else the first that used."""
    best = None
    for rule, row in by_id:
        if rule["kind"] == "deadline" or row["allowed"] == 0:
            continue
        if best is None or row["used"] * best["allowed"] > best["used"] * row["allowed"]:
            best = row
    if best is not None:
        return best["rule"]
    return used[0] if used else None


def ruling_policy(world, lot, life, product=None):
    """By the lot's present product; `product` stands in for it where the life is cut earlier."""
    keep = lot.product
    ended = lot.ended_at
    if product is not None:
        lot.product = product[0]
    if life.cut is not None:
        lot.ended_at = None
    try:
        return version_for(world.scenario, world.fold.first_event(lot), lot, life.cut)
    finally:
        lot.product, lot.ended_at = keep, ended


def verdict(world, lot, life, product=None):
    """The lot's verdict, a pool's being the worst of its own and its members' (fine print 27); None without one."""
    if lot.begun_at is None:
        return None
    policy = ruling_policy(world, lot, life, product)
    own = own_verdict(life, policy, lot.attested_until is not None) if policy is not None else None
    for member in sorted(lot.members):
        other = verdict(world, world.lots[member], Life(world, world.lots[member]))
        if other is None:
            continue
        if own is None:
            own = {"policy": None, "version": None, "verdict": None, "rule": None, "unknown_ms": 0, "pending_ms": 0,
                   "member": None}
        if own["verdict"] is None or RANK[other["verdict"]] < RANK[own["verdict"]]:
            own.update(verdict=other["verdict"], rule=other["rule"], member=member)
    if own is not None:
        own["attested_until"] = lot.attested_until
    return own


def segments(life, policy):
    """Fine print 14: the whole life, without phases and bounds; handling is a state."""
    out, counts = {}, policy["calibration_lapsed"] == "flag"
    for rule in policy["rules"]:
        if rule["kind"] != "deadline":
            threshold = Threshold(rule)
            out[threshold.key()] = merged([[a, b, state or piece.state(threshold, counts)]
                                           for a, b, piece, _, state in life.pieces(policy)])
    return out


def lot_mean_kinetic(life, policy):
    counts, horizon = policy is None or policy["calibration_lapsed"] == "flag", life.horizon()
    weighted = []
    for a, b, piece, _, _ in life.pieces(policy):
        b = min(b, horizon)
        if piece is not None and a < b and piece.good(counts):
            weighted.append((max(piece.good(counts)), b - a))
    return mean_kinetic(weighted)
