"""The shape of a scenario (scenario page, and fine print 47 and 48): every key with its type and default.

`read(path)` returns plain dictionaries in which every key is present, lists that are sets are sorted and
without repetitions, and things with an id are looked up by it. Whatever is left is order-free.
"""
import datetime
import os
import re

from canonical import Bad, dump, load

EVENT_TYPES = ("collect sample test freeze store take_out pack unpack ship receive hold release reject relabel "
               "split pool issue dispose recall opening correct").split()
OPS = (">", ">=", "<", "<=", "outside")
REQUIRED = object()


# --- small checkers: each takes a value and its path, returns the value or raises -----------------------------

def text(value, path):
    if not isinstance(value, str):
        raise Bad(path, "must be a string")
    return value


def number(value, path):
    if isinstance(value, bool) or not isinstance(value, int):
        raise Bad(path, "must be a whole number")
    return value


def count(value, path):
    if number(value, path) < 0:
        raise Bad(path, "must not be negative")
    return value


def flag(value, path):
    if not isinstance(value, bool):
        raise Bad(path, "must be true or false")
    return value


def one_of(*words):
    def check(value, path):
        if value not in words or not isinstance(value, str):
            raise Bad(path, "must be one of " + ", ".join(words))
        return value
    return check


def maybe(check):
    return lambda value, path: None if value is None else check(value, path)


def in_order(check):
    """A list whose order means something."""
    def run(value, path):
        if value is None:
            return []
        if not isinstance(value, list):
            raise Bad(path, "must be a list")
        return [check(item, "%s[%d]" % (path, i)) for i, item in enumerate(value)]
    return run


def set_of(check):
    """A list whose order and repetitions mean nothing."""
    def run(value, path):
        return unique(in_order(check)(value, path))
    return run


def unique(items):
    return [item for _, item in sorted({dump(item): item for item in items}.items())]


def record(shape, finish=None):
    def run(value, path):
        if not isinstance(value, dict):
            raise Bad(path, "must be an object")
        for key in value:
            if key not in shape:
                raise Bad(path + "." + key if path else key, "unknown key")
        out = {}
        for key, (check, default) in shape.items():
            here = path + "." + key if path else key
            if value.get(key) is None and default is REQUIRED:
                raise Bad(here, "missing")
            if value.get(key) is None and default is not REQUIRED:
                out[key] = default() if callable(default) else default
            else:
                out[key] = check(value[key], here)
        if finish:
            finish(out, path)
        return out
    return run


def pair(first, second):
    def run(value, path):
        if not isinstance(value, list) or len(value) != 2:
            raise Bad(path, "must be a pair")
        return [first(value[0], path + "[0]"), second(value[1], path + "[1]")]
    return run


# --- thresholds ---------------------------------------------------------------------------------------------

def limit(value, path):
    if isinstance(value, list):
        return pair(number, number)(value, path)
    return number(value, path)


def check_threshold(rule, path):
    """A band has two limits, everything else one; a band's hysteresis is less than half of it (fine print 12)."""
    if rule["op"] is None:
        raise Bad(path + ".op", "missing")
    if rule["limit_mc"] is None:
        raise Bad(path + ".limit_mc", "missing")
    if (rule["op"] == "outside") != isinstance(rule["limit_mc"], list):
        raise Bad(path + ".limit_mc", "does not fit the op")
    if rule["op"] == "outside":
        low, high = rule["limit_mc"]
        if not 2 * rule["hysteresis_mc"] < high - low:
            raise Bad(path + ".hysteresis_mc", "not less than half the band")


def check_policy_rule(rule, path):
    if rule["kind"] == "deadline":
        for key in ("from", "to", "allowed"):
            if rule[key] is None:
                raise Bad(path + "." + key, "missing")
        return
    check_threshold(rule, path)
    if rule["kind"] == "never":
        rule["allowed"] = 0                                      # fine print 29
    elif rule["allowed"] is None:
        raise Bad(path + ".allowed", "missing")


# --- the shapes ---------------------------------------------------------------------------------------------

LONG_READING = record({"t": (number, None), "mc": (number, None), "quality": (text, "good"), "epoch": (number, 0),
                       "seq": (number, 0), "position": (number, 0), "boot": (text, None), "up_ms": (number, None)})


def reading(value, path):
    if isinstance(value, list):
        if len(value) not in (2, 3):
            raise Bad(path, "must be [t, mc] or [t, mc, quality]")
        value = dict(zip(("t", "mc", "quality"), value))
    out = LONG_READING(value, path)
    if out["boot"] is None and out["t"] is None:
        raise Bad(path + ".t", "missing")
    if out["quality"] == "good" and out["mc"] is None:
        raise Bad(path + ".mc", "missing")
    return out


def results(value, path):
    if not isinstance(value, dict):
        raise Bad(path, "must be an object")
    return {key: one_of("negative", "reactive", "invalid")(item, path + "." + key) for key, item in value.items()}


PLACE = record({"site": (text, None), "equipment": (text, None), "parent": (text, None)})

EVENT_SHAPE = {
    "id": (text, REQUIRED), "type": (one_of(*EVENT_TYPES), REQUIRED), "at": (number, None),
    "lots": (set_of(text), list), "from": (PLACE, None), "to": (PLACE, None), "gateway": (text, None),
    "epoch": (number, 0), "seq": (number, 0), "position": (number, 0), "clock_error_ms": (count, 0),
    "boot": (text, None), "up_ms": (number, None), "parts": (set_of(text), list), "pool": (text, None),
    "expected": (set_of(text), None), "due": (number, None), "results": (results, None), "donation": (text, None),
    "product": (text, None), "voids": (text, None), "replace": (None, None), "document": (text, None),
    "person": (text, None), "how": (text, None),
    "state": (one_of("raw", "quarantine", "rejected", "released"), None), "expires": (number, None)}

REPLACEMENT = record({**{key: value for key, value in EVENT_SHAPE.items() if key != "replace"}, "id": (text, None)})


def replacement(value, path):
    return REPLACEMENT(value, path)


EVENT_SHAPE["replace"] = (replacement, None)


def check_event(event, path):
    inner = event["replace"]
    if inner is not None:
        if inner["id"] is not None and event["voids"] is not None and inner["id"] != event["voids"]:
            raise Bad(path + ".replace.id", "a replacement keeps the id")    # fine print 41
        inner["id"] = event["voids"]


SHAPE = record({
    "heard_through": (lambda value, path: {k: number(v, path + "." + k) for k, v in value.items()}
                      if isinstance(value, dict) else number(None, path), dict),
    "zone": (set_of(pair(number, number)), lambda: [[0, 60]]),
    "sites": (set_of(record({"id": (text, REQUIRED), "own": (flag, True)})), list),
    "equipment": (set_of(record({
        "id": (text, REQUIRED), "kind": (text, None), "site": (text, None), "max_gap_ms": (count, 900000),
        "container": (text, None), "out_of_service": (set_of(pair(number, maybe(number))), list),
        "rules": (set_of(record({
            "id": (text, REQUIRED), "op": (one_of(*OPS), None), "limit_mc": (limit, None), "delay_ms": (count, 0),
            "hysteresis_mc": (count, 0), "tier": (text, "alert"), "role": (one_of("product", "air"), None),
            "valid_from": (number, None), "valid_to": (number, None)}, check_threshold)), list)})), list),
    "placements": (set_of(record({
        "gateway": (text, REQUIRED), "probe": (text, REQUIRED), "equipment": (text, REQUIRED),
        "role": (one_of("product", "air"), "product"), "from": (number, REQUIRED), "to": (number, None)})), list),
    "probes": (set_of(record({
        "gateway": (text, REQUIRED), "probe": (text, REQUIRED),
        "calibrations": (set_of(record({"from": (number, REQUIRED), "offset_mc": (number, 0),
                                        "due": (number, None)})), list),
        "readings": (set_of(reading), list), "csv": (text, None)})), list),
    "syncs": (set_of(record({"gateway": (text, REQUIRED), "boot": (text, REQUIRED), "up_ms": (number, REQUIRED),
                             "t": (number, REQUIRED)})), list),
    "policies": (set_of(record({
        "id": (text, REQUIRED), "version": (number, 1), "valid_from": (number, 0), "applies_to_stock": (flag, False),
        "max_unknown_ms": (count, 3600000), "handling_max_ms": (count, 1800000), "handlings": (count, 6),
        "inventory_hold_days": (count, 0), "calibration_lapsed": (one_of("flag", "unproven"), "flag"),
        "required_tests": (set_of(text), list),
        "rules": (in_order(record({
            "id": (text, REQUIRED), "kind": (one_of("never", "total", "single", "occasions", "deadline"), REQUIRED),
            "op": (one_of(*OPS), None), "limit_mc": (limit, None), "hysteresis_mc": (count, 500),
            "allowed": (count, None), "phase": (one_of("storage", "transport"), None),
            "from": (text, None), "to": (text, None)}, check_policy_rule)), list)})), list),
    "products": (set_of(record({"code": (text, REQUIRED), "policy": (text, None), "shelf_life_days": (count, None),
                                "shelf_life_months": (count, None)})), list),
    "lots": (set_of(record({"id": (text, REQUIRED), "kind": (one_of("unit", "sample", "container", "pool"), "unit"),
                            "product": (text, None)})), list),
    "events": (set_of(record(EVENT_SHAPE, check_event)), list)})


# --- reading a file -----------------------------------------------------------------------------------------

def by_key(items, where, *keys):
    """Two entries with one id and other content are an error (fine print 47)."""
    out = {}
    for item in items:
        key = tuple(item[k] for k in keys)
        key = key[0] if len(keys) == 1 else key
        if key in out:
            raise Bad(where, "two entries for %s with other content" % (key,))
        out[key] = item
    return out


def csv_rows(path):
    """Recorded temperatures, `time,celsius`: time in ISO 8601 (UTC if it names no offset), degrees rounded once
    to millidegrees, half away from zero; times finer than a millisecond are cut off (domain 1)."""
    rows = []
    with open(path, encoding="utf-8") as lines:
        if next(lines, "").strip() != "time,celsius":
            raise Bad("csv", "no header time,celsius in %s" % path)
        for line in lines:
            if not line.strip():
                continue
            when, celsius = line.strip().split(",")
            rows.append({"t": iso_ms(when), "mc": millidegrees(celsius), "quality": "good", "epoch": 0, "seq": 0,
                         "position": 0, "boot": None, "up_ms": None})
    return rows


def iso_ms(when):
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?", when)
    if not found:
        raise Bad("csv", "not a time: %s" % when)
    day, clock, fraction, zone = found.groups()
    moment = datetime.datetime.fromisoformat(day + "T" + clock + ("+00:00" if zone in (None, "Z") else zone))
    whole = int((moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)).total_seconds())
    return whole * 1000 + int(((fraction or "") + "000")[:3])


def millidegrees(celsius):
    found = re.fullmatch(r"([+-]?)(\d+)(?:\.(\d*))?", celsius.strip())
    if not found:
        raise Bad("csv", "not a temperature: %s" % celsius)
    sign, whole, fraction = found.groups()
    digits = ((fraction or "") + "0000")[:4]
    value = int(whole) * 1000 + int(digits[:3]) + (1 if digits[3] >= "5" else 0)
    return -value if sign == "-" else value


def read(path):
    with open(path, "rb") as file:
        raw = file.read()
    try:
        tree = load(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise Bad("", "not UTF-8")
    scenario = SHAPE(tree, "")
    probes = {}
    for entry in scenario["probes"]:
        probe = probes.setdefault((entry["gateway"], entry["probe"]), {"calibrations": [], "readings": []})
        probe["calibrations"] += entry["calibrations"]
        probe["readings"] += entry["readings"]
        if entry["csv"] is not None:
            probe["readings"] += csv_rows(os.path.join(os.path.dirname(os.path.abspath(path)), entry["csv"]))
    for name, probe in probes.items():
        probe["readings"] = unique(probe["readings"])
        probe["calibrations"] = sorted(by_key(unique(probe["calibrations"]), "probes", "from").values(),
                                       key=lambda c: c["from"])
    scenario["probes"] = probes
    by_key(scenario["placements"], "placements", "gateway", "probe", "from")
    for name, key in (("sites", "id"), ("equipment", "id"), ("products", "code"), ("lots", "id")):
        scenario[name] = by_key(scenario[name], name, key)
    by_key(scenario["policies"], "policies", "id", "version")
    scenario["zone"] = scenario["zone"] or [[0, 60]]
    by_key(scenario["zone"], "zone", 0)
    return scenario
