#!/usr/bin/env python3
"""The demo keeps its promises: what it prints, what it leaves, what it refuses."""
import json
import os
import subprocess
import tempfile

from stack import BUILD, ROOT, Failed, Stack, run_tests, until

DEMO = os.path.join(ROOT, "deploy", "demo")


def run_demo(*arguments, timeout=300):
    return subprocess.run([DEMO, *arguments], capture_output=True, text=True, timeout=timeout, check=False,
                          env={**os.environ, "SILSILA_BUILD": BUILD})


def processes_naming(text):
    """Command lines of processes, other than this one, that name a folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended meanwhile
        if text in line and int(pid) != os.getpid():
            found.append(line)
    return found


def headless_ends_with_its_summary():
    """--headless --for ends with one line of JSON, exit 0, and leaves no process behind"""
    with tempfile.TemporaryDirectory(prefix="silsila-e2e-") as folder:
        state = os.path.join(folder, "state")
        os.chmod(folder, 0o711)
        done = run_demo("--headless", "--for", "8", "--dir", state, "--gateways", "6")
        if done.returncode != 0:
            raise Failed(f"exit {done.returncode}: {done.stdout}{done.stderr}")
        summary = json.loads(done.stdout.splitlines()[-1])
        wanted = ["readings_sampled", "readings_stored", "missing", "excursions", "alerts", "lots", "seconds"]
        if list(summary) != wanted or summary["missing"] != 0 or summary["readings_stored"] == 0:
            raise Failed(f"summary {summary}")
        left = processes_naming(state)
        if left:
            raise Failed(f"processes left behind: {left}")
        return json.dumps(summary)


def the_environment_is_as_promised():
    """env can be sourced, names every process's pid file, and its role may read everything and write nothing"""
    with Stack(gateways=1) as stack:
        for name in ["PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "SILSILA_DASHBOARD", "SILSILA_NATIONAL_PORT",
                     "SILSILA_SITE_PORT", "SILSILA_PKI", "SILSILA_RUN"]:
            if name not in stack.env:
                raise Failed(f"{name} is not in env")
        for name in ["postgres", "national-broker", "site-broker", "ingest", "gateway-1"]:
            until(f"{name} to run", lambda: stack.pid(name), 10)
        stack.wait_stored_of_all()
        stack.wait_folded()
        reader = stack.env["PGUSER"]
        for table in ["ledger.envelope", "silsila.reading", "silsila.loss_account", "silsila.judgement", "silsila.fold_error"]:
            stack.sql(f"SELECT count(*) FROM {table}", user=reader)
        try:
            stack.sql("DELETE FROM silsila.probe", user=reader)
        except Failed:
            pass
        else:
            raise Failed("the reading role may write")
        stack.finish()


def bad_arguments_are_refused():
    """an unknown option, a wrong number and somebody else's folder are refused before anything is done"""
    with tempfile.TemporaryDirectory(prefix="silsila-e2e-") as folder:
        mine = os.path.join(folder, "mine.txt")
        with open(mine, "w", encoding="ascii") as file:
            file.write("keep me")
        for arguments, code in [(["--bogus"], 2), (["--for", "soon"], 2), (["--gateways", "0"], 2), (["--dir", folder], 1)]:
            done = run_demo(*arguments)
            if done.returncode != code:
                raise Failed(f"{arguments}: exit {done.returncode}, not {code}")
        if not os.path.exists(mine):
            raise Failed("a file of somebody else is gone")


if __name__ == "__main__":
    run_tests(bad_arguments_are_refused, headless_ends_with_its_summary, the_environment_is_as_promised)
