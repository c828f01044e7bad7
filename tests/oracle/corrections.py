"""Which events count, and in which order (domain 6; fine print 10, 41, 47)."""
from canonical import dump


def order_key(event):
    """(event_time, gateway, epoch, seq, position); the id settles what the page leaves equal."""
    return (event["time"], event["gateway"] or "", event["epoch"], event["seq"], event["position"], event["id"],
            dump({k: v for k, v in event.items() if k != "time"}))


class Ordered:
    """The outcome: `events` that are folded, in order; per id who voided it; conflicts found on the way."""

    def __init__(self):
        self.events = []
        self.voided_by = {}
        self.conflicts = []          # (code, lot, event, at, detail)
        self.effective = set()       # corrections that voided something


def unknown_time(out, event, identity):
    out.conflicts.append(("time_unknown", None, identity, None, None))


def order(all_events):
    out = Ordered()
    timed = sorted((e for e in all_events if e["time"] is not None), key=order_key)
    # Events without a time wait without effect (domain 1).
    for event in all_events:
        if event["time"] is None:
            unknown_time(out, event, event["id"])
    # Two events with one id and different content: the first in the order counts.
    first = {}
    kept = []
    for event in timed:
        if event["id"] in first:
            out.conflicts.append(("duplicate_id", None, event["id"], event["time"], None))
        else:
            first[event["id"]] = event
            kept.append(event)
    position = {event["id"]: index for index, event in enumerate(kept)}
    # Corrections are decided from the latest backwards; a voided correction voids nothing.
    replaced = {}
    for event in reversed(kept):
        if event["type"] != "correct" or event["id"] in out.voided_by:
            continue
        target = event["voids"]
        if target not in position or position[target] >= position[event["id"]]:
            out.conflicts.append(("unknown_event", None, event["id"], event["time"], {"voids": target}))
            continue
        if target in out.voided_by:
            out.conflicts.append(("already_voided", None, event["id"], event["time"], {"voids": target}))
            continue
        out.voided_by[target] = event["id"]
        out.effective.add(event["id"])
        # A correction may be voided, not replaced.
        if event["replace"] is not None and first[target]["type"] != "correct":
            replaced[target] = (event, event["replace"])
    for event in kept:
        if event["id"] not in out.voided_by and event["type"] != "correct":
            out.events.append(event)
    for target, (correction, inner) in replaced.items():
        # The replacement counts at its own time, with the correction's place in the order.
        stand_in = dict(inner)
        for key in ("gateway", "epoch", "seq", "position"):
            stand_in[key] = correction[key]
        stand_in["replace"] = None
        if stand_in["time"] is None:
            unknown_time(out, stand_in, target)
        elif stand_in["type"] != "correct":
            out.events.append(stand_in)
    out.events.sort(key=order_key)
    return out
