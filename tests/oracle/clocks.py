"""Times: repair of unsynchronised clocks, watermarks of gateways, local days."""
import bisect
import calendar
import datetime

FOREVER = 2 ** 62           # an end that is not known; printed as null
NEVER = -2 ** 62            # before everything
DAY_MS = 86400000


def repaired(gateway, item, own_time, syncs):
    """The time of a reading or event.

    Domain 1 and fine print 10: whatever carries a boot is unsynchronised and its own time is ignored. It gets
    the wall time of the synchronised body of the same gateway and boot that is nearest in boot time, plus the
    difference of boot times; of equally near ones the smaller boot time, then the smaller wall time. None: no time.
    """
    if item["boot"] is None:
        return own_time
    if item["up_ms"] is None:
        return None
    known = [s for s in syncs if s["gateway"] == gateway and s["boot"] == item["boot"]]
    if not known:
        return None
    nearest = min(known, key=lambda s: (abs(s["up_ms"] - item["up_ms"]), s["up_ms"], s["t"]))
    return nearest["t"] + item["up_ms"] - nearest["up_ms"]


def repair(scenario):
    """Give every reading and event its `time` (None: it has none yet), and every gateway its watermark."""
    times = [sync["t"] for sync in scenario["syncs"]]
    for (gateway, _), probe in scenario["probes"].items():
        for reading in probe["readings"]:
            reading["time"] = repaired(gateway, reading, reading["t"], scenario["syncs"])
            times.append(reading["time"])
    for event in scenario["events"]:
        event["time"] = repaired(event["gateway"], event, event["at"], scenario["syncs"])
        times.append(event["time"])
        inner = event["replace"]
        if inner is not None:
            inner["time"] = repaired(event["gateway"], inner, inner["at"], scenario["syncs"])
    # Fine print 8: a gateway not named is heard to the latest reading, sync or event of the file after repair.
    scenario["latest"] = max([t for t in times if t is not None], default=NEVER)
    scenario["watermark"] = lambda gateway: scenario["heard_through"].get(gateway, scenario["latest"])


class Zone:
    """Local time as a list of (from, offset); before the first entry its offset holds too."""

    def __init__(self, entries):
        self.entries = sorted(([start, offset * 60000] for start, offset in entries), key=lambda e: e[0])

    def offset(self, t):
        index = bisect.bisect_right([start for start, _ in self.entries], t) - 1
        return self.entries[max(index, 0)][1]

    def day(self, t):
        """The local calendar day of an instant, as a count of days since 1970-01-01."""
        return (t + self.offset(t)) // DAY_MS

    def midnight(self, day):
        """The instant from which on the local day is `day` or later, for good."""
        # Try every offset there is; the answer is the latest instant at which the local date steps up to `day`,
        # either because the local clock passes midnight or because the offset changes.
        candidates = [day * DAY_MS - offset for _, offset in self.entries]
        candidates += [start for start, _ in self.entries]
        steps = [t for t in candidates if self.day(t) >= day and self.day(t - 1) < day]
        return max(steps)


def add_months(day, months):
    """The same day of the month so many months later; the last day of that month where it has no such day."""
    date = datetime.date(1970, 1, 1) + datetime.timedelta(days=day)
    index = date.year * 12 + date.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return (datetime.date(year, month + 1, min(date.day, last)) - datetime.date(1970, 1, 1)).days
