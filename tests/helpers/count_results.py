#!/usr/bin/env python3
"""Counts what one run of `meson test` did: count_results.py testlog.json LABEL

Prints each failed test with the end of its output, then "PASSED FAILED". A Check program counts its cases, a TAP script its
lines, anything else itself. A program that failed without a failed case (a crash, a sanitizer's report at exit) counts one.
"""
import json
import re
import sys


def count(test):
    text = (test.get("stdout") or "")
    good = test["result"] in ("OK", "EXPECTEDFAIL")
    if test["result"] == "SKIP":
        return 0, 0
    cases = re.findall(r"Checks: (\d+), Failures: (\d+), Errors: (\d+)", text)
    tap = re.findall(r"^(not ok|ok)\b(?!.*# (?:SKIP|skip))", text, re.M)
    if cases:
        bad = sum(int(f) + int(e) for _, f, e in cases)
        passed = sum(int(c) for c, _, _ in cases) - bad
    elif tap:
        bad = tap.count("not ok")
        passed = tap.count("ok")
    else:
        bad, passed = (0, 1) if good else (1, 0)
    if not good and bad == 0:
        bad = 1
    return passed, bad


def main():
    passed = failed = 0
    label = sys.argv[2]
    try:
        with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
            tests = [json.loads(line) for line in file]
    except FileNotFoundError:
        tests = []  # a suite without tests
    for test in tests:
        good, bad = count(test)
        passed += good
        failed += bad
        if bad:
            print(f"FAILED: {label}: {test['name']} ({test['result']})")
            text = (test.get("stdout") or "") + (test.get("stderr") or "")
            for line in text.splitlines()[-25:]:
                print(f"    {line}")
    print(passed, failed)


if __name__ == "__main__":
    main()
