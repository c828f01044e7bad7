#!/usr/bin/env python3
"""Processes die at any moment, and nothing acknowledged is lost. Row numbers are those of the list of faults.

  test_kills.py [TEST…]     SEED=N repeats a run; KILLS=N changes how many
"""
import os
import random
import signal
import time

from stack import Failed, Stack, run_tests, until

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 31)))


def moments(count, longest_s, label):
    """Random waits between two kills, from the printed seed."""
    chance = random.Random(f"{SEED} {label}")
    print(f"# {label}: SEED={SEED}", flush=True)
    return chance, [chance.random() * longest_s for _ in range(count)]


def pass_time(seconds):
    """Random moments are the fault here: between two kills the system simply runs."""
    time.sleep(seconds)


def row_1_gateway_killed():
    """row 1: a gateway killed again and again reopens its outbox within a second and uses no seq twice"""
    with Stack(gateways=2) as stack:
        _, waits = moments(20, 1.2, "row 1")
        slowest = 0.0
        for wait in waits:
            pass_time(wait)
            old = stack.kill("gateway-1")
            began = time.monotonic()
            stack.wait_new("gateway-1", old)
            port = stack.gateway_port("gateway-1")
            until("the gateway to answer", lambda: stack.metrics(port) is not None, 10, 0.01)
            slowest = max(slowest, time.monotonic() - began)
        stack.finish()
        # The supervisor waits 0.2 s before it starts a process again.
        if slowest > 0.2 + 1.0:
            raise Failed(f"the slowest restart took {slowest:.2f} s")
        return f"slowest restart to answering {slowest:.2f} s, the supervisor's 0.2 s included"


def broker_with_queued_messages(how, label):
    """Messages wait in the broker for an ingest that is away; the broker goes and forgets them."""
    with Stack(gateways=2) as stack:
        chance, _ = moments(0, 0, label)
        for _ in range(3):
            stack.hold_down("ingest")
            # What is sent now is acknowledged by the broker and stored by nobody.
            sent = sum(stack.sent(name) for name in stack.gateway_names())
            until("gateways to send", lambda: sum(stack.sent(name) for name in stack.gateway_names()) >= sent + 4)
            pass_time(chance.random())
            stack.kill_and_wait("national-broker", how)
            stack.release("ingest")
            stack.wait_stored_of_all()
        stack.finish()


def row_29_broker_killed_with_queued_messages():
    """row 29: a broker killed with queued messages loses them, and the gateways send them again"""
    broker_with_queued_messages(signal.SIGKILL, "row 29")


def row_30_broker_restarted():
    """row 30: a broker restarted in good order has no double effect"""
    broker_with_queued_messages(signal.SIGTERM, "row 30")


def row_48_broker_killed_while_a_backlog_drains():
    """rows 48 and 49: the national broker is killed while a backlog drains and comes back empty"""
    with Stack(gateways=3) as stack:
        _, waits = moments(4, 0.4, "row 48")
        stack.hold_down("ingest")
        ports = [stack.gateway_port(name) for name in stack.gateway_names()]
        until("a backlog to grow", lambda: sum(stack.backlog(port) or 0 for port in ports) >= 12)
        stack.release("ingest")
        for wait in waits:
            pass_time(wait)
            stack.kill_and_wait("national-broker")
        stack.wait_stored_of_all()
        stack.finish()


def row_50_ingest_killed():
    """row 50: ingest killed at random moments; what it receipted is committed, what is sent again is receipted again"""
    with Stack(gateways=3) as stack:
        _, waits = moments(15, 1.0, "row 50")
        for wait in waits:
            pass_time(wait)
            stack.kill_and_wait("ingest")
        stack.wait_stored_of_all()
        stack.finish()


def row_58_postgres_killed():
    """row 58: PostgreSQL killed, postmaster alone and with all its children; an unknown commit is neither lost nor doubled"""
    with Stack(gateways=3) as stack:
        chance, waits = moments(8, 1.0, "row 58")
        for wait in waits:
            pass_time(wait)
            postmaster = stack.kill("postgres") if chance.random() < 0.5 else kill_with_children(stack)
            stack.wait_new("postgres", postmaster)
            until("PostgreSQL to answer", lambda: stack.value_or_none("SELECT 1") == "1", 60)
        stack.wait_stored_of_all()
        stack.finish()


def kill_with_children(stack):
    """All at once, as the kernel does when memory runs out; children first, lest they see their parent's death."""
    postmaster = until("postgres to run", lambda: stack.pid("postgres"))
    with open(f"/proc/{postmaster}/task/{postmaster}/children", encoding="ascii") as file:
        children = [int(pid) for pid in file.read().split()]
    for pid in children + [postmaster]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    stack.killed["postgres"] = stack.killed.get("postgres", 0) + 1
    return postmaster


def must_show_3_forty_kills():
    """forty kills of gateway, ingest, broker and PostgreSQL at random moments: every sample is readable exactly once"""
    count = int(os.environ.get("KILLS", "40"))
    with Stack(gateways=6) as stack:
        chance, waits = moments(count, 1.2, "forty kills")
        names = ["ingest", "national-broker", "postgres"] + stack.gateway_names()
        for number, wait in enumerate(waits):
            pass_time(wait)
            # Each kind in turn, so that forty kills reach all four.
            name = [chance.choice(stack.gateway_names()), "ingest", "national-broker", "postgres"][number % 4]
            if name == "postgres" and chance.random() < 0.5:
                kill_with_children(stack)
            else:
                stack.kill(name)
        for name in names:
            until(f"{name} to run again", lambda: stack.pid(name))
        until("PostgreSQL to answer", lambda: stack.value_or_none("SELECT 1") == "1", 60)
        stack.wait_stored_of_all()
        summary = stack.finish()
        kills = sum(stack.killed.values())
        if kills != count:
            raise Failed(f"{kills} kills instead of {count}")
        return f"{kills} kills {stack.killed}; {summary}"


if __name__ == "__main__":
    run_tests(row_1_gateway_killed, row_29_broker_killed_with_queued_messages, row_30_broker_restarted,
              row_48_broker_killed_while_a_backlog_drains, row_50_ingest_killed, row_58_postgres_killed,
              must_show_3_forty_kills)
