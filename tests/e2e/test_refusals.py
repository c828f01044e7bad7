#!/usr/bin/env python3
"""Something on the way refuses or stands still: nothing is receipted that is not stored, and all heals by itself."""
import os
import re
import signal
import socket
import subprocess

from stack import BUILD, Failed, Stack, run_tests, until


def fewer_receipts_than(stack, names, what, seconds=3):
    """No gateway of these gets a receipt while `seconds` pass in which something is sealed."""
    ports = [stack.gateway_port(name) for name in names]
    until("receipts on the way to arrive", lambda: still(lambda: [receipts(stack, p) for p in ports], 1.0), 30)
    before = [receipts(stack, port) for port in ports]
    sealed = [stack.backlog(port) for port in ports]
    until(f"backlogs to grow while {what}",
          lambda: all((stack.backlog(port) or 0) > (old or 0) for port, old in zip(ports, sealed)), 30 + seconds)
    if [receipts(stack, port) for port in ports] != before:
        raise Failed(f"a receipt came while {what}")


def still(read, seconds):
    """True when what is read stays the same for so long."""
    import time
    value = read()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if read() != value:
            return False
        time.sleep(0.1)
    return True


def receipts(stack, port):
    metrics = stack.metrics(port) or {}
    return metrics.get("silsila_gateway_receipts_total")


def row_33_access_list_denies_a_gateway():
    """row 33: the broker denies a gateway and acknowledges all the same; its backlog tells, and goes when it is let in"""
    with Stack(gateways=2) as stack:
        path = os.path.join(stack.dir, "national-broker.acl")
        with open(path, encoding="utf-8") as file:
            good = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(re.sub(r"^pattern write silsila/v1/up.*\n", "", good, flags=re.M) +
                       "\nuser gateway-2\ntopic write silsila/v1/up/+/gateway-2/live\ntopic write silsila/v1/up/+/gateway-2/late\n")
        stack.kill("national-broker", signal.SIGHUP)
        fewer_receipts_than(stack, ["gateway-1"], "the access list denies it")
        stack.wait_growth(2)  # the other one goes on
        with open(path, "w", encoding="utf-8") as file:
            file.write(good)
        stack.kill("national-broker", signal.SIGHUP)
        stack.wait_stored_of_all()
        stack.finish()


def row_34_size_limit_below_an_envelope():
    """row 34: a broker with a size limit below an envelope; nothing is lost, and all goes when the limit is right again"""
    with Stack(gateways=2) as stack:
        path = os.path.join(stack.dir, "national-broker.conf")
        with open(path, encoding="utf-8") as file:
            good = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(re.sub(r"^max_packet_size .*", "max_packet_size 200", good, flags=re.M))
        stack.kill_and_wait("national-broker", signal.SIGTERM)
        fewer_receipts_than(stack, stack.gateway_names(), "envelopes are over the limit")
        with open(path, "w", encoding="utf-8") as file:
            file.write(good)
        stack.kill_and_wait("national-broker", signal.SIGTERM)
        stack.wait_stored_of_all()
        largest = int(stack.value("SELECT max(length(body)) FROM ledger.envelope"))
        if largest > 65536:
            raise Failed(f"an envelope of {largest} bytes")
        stack.finish()


def active(stack, port):
    return (stack.metrics(port) or {}).get("silsila_ingest_active")


def row_52_two_ingests():
    """row 52: two ingests at once; one works, the other stands by and takes over when the first is gone"""
    with Stack(gateways=2) as stack:
        conf = os.path.join(stack.dir, "ingest.conf")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        other = os.path.join(stack.dir, "standby.conf")
        with open(conf, encoding="utf-8") as file:
            text = file.read()
        with open(other, "w", encoding="utf-8") as file:
            file.write(re.sub(r"^http_port = .*", f"http_port = {port}", text, flags=re.M))
        with open(os.path.join(stack.dir, "log", "standby.log"), "w", encoding="utf-8") as log:
            standby = subprocess.Popen([os.path.join(BUILD, "ingest", "silsila-ingest"), "-c", other], stderr=log, stdout=log)
        try:
            until("the second to stand by", lambda: active(stack, port) == 0, 30)
            stack.wait_stored_of_all()
            if active(stack, port) != 0:
                raise Failed("the second took over from one that works")
            stack.hold_down("ingest")
            until("the second to take over", lambda: active(stack, port) == 1, 30)
            stack.wait_stored_of_all()
            stack.release("ingest")     # and the first stands by
            stack.wait_stored_of_all()
            standby.kill()
            standby.wait()
            stack.wait_stored_of_all()
        finally:
            if standby.poll() is None:
                standby.kill()
                standby.wait()
        stack.finish()


def row_64_database_read_only():
    """row 64: a database that turned read-only; nothing is receipted until it is writable again"""
    with Stack(gateways=2) as stack:
        stack.sql("ALTER SYSTEM SET default_transaction_read_only = on")
        stack.sql("SELECT pg_reload_conf()")
        fewer_receipts_than(stack, stack.gateway_names(), "the database is read-only")
        stack.sql("ALTER SYSTEM RESET default_transaction_read_only", options="-c default_transaction_read_only=off")
        stack.sql("SELECT pg_reload_conf()")
        stack.wait_stored_of_all()
        stack.finish()


def row_65_lock_held_by_a_person():
    """row 65: somebody locks the ledger; no receipts, bounded memory, all heals when the lock goes"""
    with Stack(gateways=2) as stack:
        locker = subprocess.Popen(
            ["psql", "-Xq", "-h", stack.env["PGHOST"], "-p", stack.env["PGPORT"], "-d", "silsila", "-U", "postgres"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
        locker.stdin.write("BEGIN; LOCK TABLE ledger.head, ledger.entry, ledger.epoch IN ACCESS EXCLUSIVE MODE;\n")
        locker.stdin.flush()
        until("the lock to be held", lambda: stack.value_or_none(
            "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted "
            "AND relation = 'ledger.head'::regclass") == "1")
        fewer_receipts_than(stack, stack.gateway_names(), "the ledger is locked")
        stack.check_i8_bounded()
        locker.stdin.close()
        locker.wait()
        stack.wait_stored_of_all()
        stack.finish()


def row_68_synchronous_commit_off():
    """row 68: somebody turned synchronous_commit off; ingest refuses to work, says so, and works when it is on again"""
    with Stack(gateways=2) as stack:
        stack.sql("ALTER ROLE silsila_ingest SET synchronous_commit = off")
        stack.kill_and_wait("ingest")
        port = int(stack.env["SILSILA_INGEST_PORT"])
        until("ingest to say why it is not ready", lambda: "synchronous_commit" in stack.log("ingest"), 30)
        if stack.page(port, "/-/ready")[0] == 200:
            raise Failed("ingest says ready with synchronous_commit off")
        fewer_receipts_than(stack, stack.gateway_names(), "synchronous_commit is off")
        stack.sql("ALTER ROLE silsila_ingest RESET synchronous_commit")
        stack.wait_stored_of_all()
        stack.finish()


if __name__ == "__main__":
    run_tests(row_33_access_list_denies_a_gateway, row_34_size_limit_below_an_envelope, row_52_two_ingests,
              row_64_database_read_only, row_65_lock_held_by_a_person, row_68_synchronous_commit_off)
