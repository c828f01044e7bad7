"""Which policy version rules a lot, and the calendar rules (domain 4 and 6; fine print 26, 38, 39)."""
from clocks import Zone, add_months


def version_for(scenario, first_event, lot, until):
    """The version of the present product's policy for a lot.

    Fine print 26: the one valid at the first custody event, or the first if none was valid yet; versions that apply
    to stock rule lots alive at their valid_from, the latest such. `until`: nothing after this instant is considered
    (None: the lot's whole life).
    """
    product = scenario["products"].get(lot.product)
    if product is None or first_event is None:
        return None
    versions = sorted((p for p in scenario["policies"] if p["id"] == product["policy"]),
                      key=lambda p: (p["valid_from"], p["version"]))
    if not versions:
        return None
    valid = [p for p in versions if p["valid_from"] <= first_event]
    chosen = valid[-1] if valid else versions[0]
    for version in versions:
        start = version["valid_from"]
        if version["applies_to_stock"] and start > first_event and (until is None or start <= until) and (
                lot.ended_at is None or start < lot.ended_at):
            chosen = version
    return chosen


def expiry(scenario, lot):
    """The first instant at which a lot is expired: the local midnight after its date, or None.

    The date is the stated one, else the local collection date plus the product's shelf life in days or months.
    """
    zone = Zone(scenario["zone"])
    if lot.expires is not None:
        return zone.midnight(zone.day(lot.expires) + 1)
    product = scenario["products"].get(lot.product)
    if product is None or lot.collected_at is None:
        return None
    day = zone.day(lot.collected_at)
    if product["shelf_life_days"] is not None:
        return zone.midnight(day + product["shelf_life_days"] + 1)
    if product["shelf_life_months"] is not None:
        return zone.midnight(add_months(day, product["shelf_life_months"]) + 1)
    return None


def hold_end(scenario, lot, policy):
    """The inventory hold ends at local midnight that many days after the collection day."""
    if policy is None or lot.collected_at is None or policy["inventory_hold_days"] == 0:
        return None
    zone = Zone(scenario["zone"])
    return zone.midnight(zone.day(lot.collected_at) + policy["inventory_hold_days"])
