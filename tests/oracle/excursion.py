"""Excursions of equipment (domain 3; fine print 4, 12, 15, 16)."""
from clocks import FOREVER, NEVER
from timeline import Threshold


def spans(register, rule, versions):
    """The stretches in which a rule's version holds and the equipment is in service: [start, end, why it ends].

    A version ends with its valid_to or where the next of the same rule begins.
    """
    start = NEVER if rule["valid_from"] is None else rule["valid_from"]
    end = FOREVER if rule["valid_to"] is None else rule["valid_to"]
    for other in versions:
        begins = NEVER if other["valid_from"] is None else other["valid_from"]
        if begins > start:
            end = min(end, begins)
    stops = sorted((a, FOREVER if b is None else b) for a, b in register["out_of_service"])
    out, at = [], start
    for a, b in stops:
        if a >= b:
            continue
        if at < min(a, end):
            out.append([at, min(a, end), "rule" if end <= a else "out_of_service"])
        at = max(at, b)
    if at < end:
        out.append([at, end, "rule"])
    return out


class Candidate:
    def __init__(self, rule, opened_at):
        self.rule, self.opened_at = rule, opened_at
        self.closed_at, self.ended = None, None


def walk(pieces, threshold, start, end):
    """Domain 3: normal until the first instant beyond, open until the first instant known and inside by H.

    Yields (opened_at, closed_at or None) within [start, end).
    """
    opened = None
    for piece in pieces:
        if piece.end <= start or piece.start >= end:
            continue
        at = max(piece.start, start)
        good = piece.good()
        if opened is None:
            if any(threshold.beyond(v) for v in good):
                opened = at
            continue
        # Fine print 15: a probe that was beyond when its carry ended keeps it open until it is good again or its
        # placement ends. Unknown time closes nothing.
        silent_and_warm = any(p.value is None and p.last_value is not None and threshold.beyond(p.last_value)
                              for p in piece.probes)
        if good and not silent_and_warm and threshold.inside_by_hysteresis(threshold.extreme(good)):
            yield opened, at
            opened = None
    if opened is not None:
        yield opened, None


def of_equipment(item):
    """{"excursions", "deviations", "open"} of one equipment."""
    out = {"excursions": [], "deviations": [], "open": []}
    rules = item.register["rules"]
    for rule in rules:
        threshold = Threshold(rule)
        pieces = item.pieces[rule["role"]]
        for start, end, why in spans(item.register, rule, [r for r in rules if r["id"] == rule["id"]]):
            for opened, closed in walk(pieces, threshold, start, end):
                ended = "recovered" if closed is not None else None
                if closed is None and end < FOREVER:
                    # What is open when the version ends or the service stops ends there; but an end that has not
                    # been heard of yet is not invented.
                    if heard_to(item, pieces, threshold, opened, end - 1, end, any):
                        closed, ended = end, why
                place(out, item, rule, threshold, pieces, opened, closed, ended, end)
    for rows in out.values():
        rows.sort(key=lambda r: (r["opened_at"], r["rule"], r["closed_at"] or FOREVER))
    return out


def heard_to(item, pieces, threshold, start, end, to, which):
    """Have the gateways of all (or any) probes that were beyond at any instant of [start, end] been heard to `to`?"""
    return which(item.watermark_of(probe.gateway) >= to
               for piece in pieces if piece.start <= end and piece.end > start
               for probe in piece.probes if probe.value is not None and threshold.beyond(probe.value))


def place(out, item, rule, threshold, pieces, opened, closed, ended, end):
    confirm_at = opened + rule["delay_ms"]
    row = {"rule": rule["id"], "opened_at": opened, "confirmed_at": None, "closed_at": closed, "ended": ended,
           "peak_mc": None, "unknown_ms": 0}
    until = end if closed is None else closed                    # nothing counts that the rule does not cover
    values = []
    for piece in pieces:
        a, b = max(piece.start, opened), min(piece.end, until)
        if a >= b:
            continue
        values += piece.good()
        # Unknown time is counted inside, and so is time without a placement; pending is left out (fine print 4).
        if not piece.good() and not piece.pending():
            row["unknown_ms"] += b - a
    row["peak_mc"] = threshold.extreme(values)
    if closed is not None and closed < confirm_at:
        out["deviations"].append(row)
        return
    # Fine print 4: confirmed when the gateways of all probes that were beyond at any instant of [s, s + D] have
    # been heard to s + D.
    heard = heard_to(item, pieces, threshold, opened, confirm_at, confirm_at, all)
    if heard:
        row["confirmed_at"] = confirm_at
        out["excursions"].append(row)
    else:
        out["open"].append(row)
