"""A whole running system in a scratch folder, for end-to-end tests: the demo, headless, on free ports.

    with Stack(gateways=2) as stack:
        stack.kill("ingest")
        stack.settle()
        stack.check_invariants()

Everything waits for a condition with a deadline; nothing sleeps for its own sake. Helpers that break things (hold, kill,
sql_as_owner) say so in their names. On leaving, everything is stopped and the folder removed, unless a test failed and
KEEP is set in the environment.
"""
import csv
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("SILSILA_BUILD", os.path.join(ROOT, "build"))
DEADLINE_S = 90


class Failed(Exception):
    """A condition that did not come true, or an invariant that does not hold."""


def until(what, condition, deadline_s=DEADLINE_S, step_s=0.05):
    """Waits until condition() is true and returns its value."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"waited {deadline_s} s in vain: {what}")
        time.sleep(step_s)


class Stack:
    def __init__(self, gateways=2, speed=600):
        self.gateways = gateways
        self.folder = tempfile.mkdtemp(prefix="silsila-e2e-")
        self.out = open(os.path.join(self.folder, "demo.out"), "w+", encoding="utf-8")
        self.dir = os.path.join(self.folder, "state")
        self.killed = {}
        self.demo = subprocess.Popen(
            [os.path.join(ROOT, "deploy", "demo"), "--headless", "--for", "0", "--dir", self.dir,
             "--gateways", str(gateways), "--speed", str(speed)],
            stdout=self.out, stderr=subprocess.STDOUT, env={**os.environ, "SILSILA_BUILD": BUILD}, start_new_session=True)
        os.chmod(self.folder, 0o711)
        self.env = {}
        self.summary = None
        self.ledger_copy = {}

    # Beginning and end.

    def __enter__(self):
        try:
            until("the demo to be up", self._is_up, 180)
        except BaseException as trouble:
            self.__exit__(type(trouble), trouble, None)
            raise
        return self

    def _is_up(self):
        if self.demo.poll() is not None:
            raise Failed(f"the demo ended with {self.demo.returncode}: {self.printed()[-800:]}")
        path = os.path.join(self.dir, "env")
        if not os.path.exists(path):
            return False
        with open(path, encoding="utf-8") as file:
            self.env = dict(re.findall(r"(\w+)=(\S*)", file.read()))
        return True

    def __exit__(self, kind, value, trace):
        if self.demo.poll() is None:
            self.demo.send_signal(signal.SIGTERM)
            try:
                self.demo.wait(120)
            except subprocess.TimeoutExpired:
                self.demo.kill()
                self.demo.wait()
        self.out.close()
        if kind is None or not os.environ.get("KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"# kept: {self.folder}")
        return False

    def printed(self):
        self.out.flush()
        with open(self.out.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        """Stops the demo as Ctrl-C would; returns its summary. Fails when it ends badly."""
        self.demo.send_signal(signal.SIGTERM)
        self.demo.wait(240)
        last = self.printed().strip().splitlines()[-1]
        try:
            self.summary = json.loads(last)
        except ValueError:
            raise Failed(f"no summary but: {last}") from None
        self.summary["exit"] = self.demo.returncode
        return self.summary

    # Processes.

    def pid(self, name):
        """The process of that name that runs now, or None."""
        try:
            with open(os.path.join(self.dir, "run", f"{name}.pid"), encoding="ascii") as file:
                pid = int(file.read())
            os.kill(pid, 0)
            return pid
        except (OSError, ValueError):
            return None

    def kill(self, name, how=signal.SIGKILL):
        """Sends a signal to the process that runs now; returns its pid."""
        pid = until(f"{name} to run", lambda: self.pid(name))
        os.kill(pid, how)
        if how == signal.SIGKILL:
            self.killed[name] = self.killed.get(name, 0) + 1
        return pid

    def wait_new(self, name, old, deadline_s=30):
        """Until another process of that name runs."""
        return until(f"{name} to be started again", lambda: (self.pid(name) or old) != old and self.pid(name), deadline_s)

    def kill_and_wait(self, name, how=signal.SIGKILL):
        return self.wait_new(name, self.kill(name, how))

    def hold_down(self, name, how=signal.SIGKILL):
        """Ends a process and keeps it from being started again until release()."""
        open(os.path.join(self.dir, "run", f"{name}.hold"), "w", encoding="ascii").close()
        pid = self.kill(name, how)
        until(f"{name} to end", lambda: self.pid(name) is None)
        return pid

    def release(self, name):
        os.unlink(os.path.join(self.dir, "run", f"{name}.hold"))
        return until(f"{name} to run again", lambda: self.pid(name))

    def log(self, name):
        with open(os.path.join(self.dir, "log", f"{name}.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def gateway_names(self):
        return [f"gateway-{n}" for n in range(1, self.gateways + 1)]

    # SQL, MQTT and metrics.

    def sql(self, statement, user="postgres", options=""):
        """Rows of texts. Reads as the superuser unless told otherwise; fails when the database does."""
        done = subprocess.run(
            ["psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", self.env["PGHOST"], "-p", self.env["PGPORT"],
             "-d", "silsila", "-U", user, "-c", statement], capture_output=True, text=True, check=False,
            env={**os.environ, "PGOPTIONS": options})
        if done.returncode != 0:
            raise Failed(f"{statement}: {done.stderr.strip()}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def value(self, statement):
        return self.sql(statement)[0][0]

    def value_or_none(self, statement):
        try:
            return self.value(statement)
        except (Failed, IndexError):
            return None

    def ledger_size(self):
        return int(self.value("SELECT coalesce(sum(size), 0) FROM ledger.head"))

    def wait_growth(self, more=1, deadline_s=DEADLINE_S):
        """Until the ledger holds at least that many envelopes more than now."""
        size = until("the ledger to be readable", lambda: self.value_or_none("SELECT sum(size) FROM ledger.head"))
        return until(f"the ledger to grow from {size} by {more}",
                     lambda: int(self.value_or_none("SELECT sum(size) FROM ledger.head") or 0) >= int(size) + more,
                     deadline_s)

    def wait_stored_of_all(self, deadline_s=DEADLINE_S):
        """Until every gateway got something new into the ledger."""
        before = {row[0]: int(row[1]) for row in self.stored_counts()}
        return until("every gateway to store something new", lambda: all(
            int(dict(self.stored_counts()).get(name, 0)) > before.get(name, 0) for name in self.gateway_names()), deadline_s)

    def stored_counts(self):
        try:
            return self.sql("SELECT gateway, sum(silsila.multirange_count(stored)) FROM ledger.epoch GROUP BY 1")
        except Failed:
            return []

    def metrics(self, port):
        """Name (with labels) to value; None when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
                text = answer.read().decode()
        except (OSError, urllib.error.URLError):
            return None
        return {m.group(1): float(m.group(2)) for m in re.finditer(r"^(silsila\S+) (\S+)$", text, re.M)}

    def gateway_port(self, name):
        with open(os.path.join(self.dir, name, "gateway.conf"), encoding="utf-8") as file:
            return int(re.search(r"^http_port = (\d+)", file.read(), re.M).group(1))

    def page(self, port, path):
        """Status and text of a page; (0, '') when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as trouble:
            return trouble.code, trouble.read().decode()
        except OSError:
            return 0, ""

    # Invariants, by the names of the list of faults. Those of a whole life are checked after stop().

    def wait_folded(self, deadline_s=DEADLINE_S):
        until("the fold to read the whole ledger", lambda: self.value_or_none(
            "SELECT (SELECT sum(size) FROM ledger.head) <= (SELECT sum(position) FROM silsila.fold_cursor)") == "t", deadline_s)

    def check_i1_every_durable_envelope_once(self):
        """Called after stop(): by then every gateway has sealed and delivered. Missing and surplus are the demo's own
        comparison of the outboxes with silsila.reading, reading by reading."""
        if self.summary["missing"] != 0 or self.summary["exit"] != 0:
            raise Failed(f"I1: {self.summary}; first missing: {self.rows('missing.csv')[:3]}")
        surplus = self.rows("surplus.csv")
        if surplus:
            raise Failed(f"I1: {len(surplus)} readings that no gateway took, or twice, first {surplus[:3]}")
        if self.summary["readings_stored"] == 0:
            raise Failed("I1: nothing was stored at all")

    def rows(self, name):
        with open(os.path.join(self.dir, name), newline="", encoding="utf-8") as file:
            return list(csv.reader(file))

    def check_i2_nothing_receipted_that_is_not_stored(self):
        """Called after stop(): every envelope that a gateway holds as receipted is in the ledger, byte for byte."""
        stored = self.ledger_copy
        for name in self.gateway_names():
            for place, body_hash, state in self.envelopes(name):
                if state == "receipted" and stored.get((name, place)) != {body_hash}:
                    raise Failed(f"I2: {name} {place} is receipted and not in the ledger")

    def check_no_sequence_number_twice(self):
        """No (gateway, epoch, seq) with two bodies."""
        twice = [key for key, hashes in self.ledger_copy.items() if len(hashes) > 1]
        if twice:
            raise Failed(f"a sequence number with two bodies: {twice[:3]}")

    def check_i3_stored_once(self):
        """However often it was sent, each body is stored once."""
        rows = self.sql("SELECT gateway, encode(epoch, 'hex'), seq, count(*) FROM ledger.envelope "
                        "GROUP BY gateway, epoch, seq, sha256(body) HAVING count(*) > 1")
        if rows:
            raise Failed(f"I3: stored more than once: {rows[:3]}")

    def check_i5_ledger_verifies(self):
        """Positions without a gap, and the RFC 6962 root over all entries, computed here anew, is the head's."""
        head, leaves = None, []
        for row in self.sql("SELECT * FROM (SELECT -1 AS position, encode(root, 'hex'), size::text, '', '' FROM ledger.head "
                            "UNION ALL SELECT position, encode(key_id, 'hex'), algorithm::text, encode(signature, 'hex'), "
                            "encode(sha256(body), 'hex') FROM ledger.envelope) AS x ORDER BY position"):
            if row[0] == "-1":
                head = row
                continue
            if int(row[0]) != len(leaves):
                raise Failed(f"I5: position {row[0]} where {len(leaves)} is due")
            leaf = b"\0" + bytes.fromhex(row[1]) + bytes([int(row[2])]) + bytes.fromhex(row[3]) + bytes.fromhex(row[4])
            leaves.append(hashlib.sha256(leaf).digest())
        if len(leaves) != int(head[2]) or tree_hash(leaves).hex() != head[1]:
            raise Failed(f"I5: {len(leaves)} entries, root {tree_hash(leaves).hex()}, head says {head[1:3]}")

    def check_i6_drains(self, bound_s=60):
        """Backlogs go within a bound: every gateway's outbox is empty of unreceipted envelopes at some moment."""
        for name in self.gateway_names():
            port = self.gateway_port(name)
            until(f"I6: {name} to drain", lambda: self.backlog(port) is not None and self.backlog(port) <= 2, bound_s)

    def backlog(self, port):
        metrics = self.metrics(port)
        return None if metrics is None else metrics.get("silsila_gateway_envelopes_unreceipted")

    def sent(self, name):
        """Envelopes that a gateway handed to the broker in its present life."""
        return (self.metrics(self.gateway_port(name)) or {}).get("silsila_gateway_envelopes_sent_total", 0)

    def check_i7_judged_and_explained(self):
        rows = self.sql("SELECT code FROM silsila.judgement WHERE why IS NULL OR why = ''")
        if rows:
            raise Failed(f"I7: judged without a reason: {rows[:3]}")

    def check_no_fold_error(self):
        rows = self.sql("SELECT position, item, code, why FROM silsila.fold_error LIMIT 3")
        if rows:
            raise Failed(f"fold errors: {rows}")

    def check_i8_bounded(self, memory_mib=512, descriptors=200, threads=64):
        for name in ["ingest"] + self.gateway_names():
            pid = until(f"{name} to run", lambda: self.pid(name))
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
                status = dict(re.findall(r"^(\w+):\s+(\d+)", file.read(), re.M))
            count = len(os.listdir(f"/proc/{pid}/fd"))
            sanitized = "asan" in BUILD or "tsan" in BUILD
            if int(status["VmRSS"]) > memory_mib * 1024 and not sanitized:
                raise Failed(f"I8: {name} holds {int(status['VmRSS']) // 1024} MiB")
            if count > descriptors or int(status["Threads"]) > threads:
                raise Failed(f"I8: {name} has {count} descriptors and {status['Threads']} threads")

    def check_i9_rebuild_is_identical(self):
        """Derived tables, folded in the order in which things came, are those folded anew from zero."""
        done = self.silsila("rebuild", "--check")
        if done.returncode != 0 or "identical" not in done.stdout:
            raise Failed(f"I9: {done.stdout.strip()} {done.stderr.strip()}")

    def silsila(self, *arguments):
        env = {**os.environ, "SILSILA_HOME": os.path.join(self.dir, "home"), "PGHOST": self.env["PGHOST"],
               "PGPORT": self.env["PGPORT"], "PGDATABASE": "silsila", "PGUSER": "postgres"}
        return subprocess.run([os.path.join(BUILD, "cli", "silsila"), *arguments], capture_output=True, text=True, env=env,
                              check=False, timeout=300)

    def envelopes(self, name):
        """(EPOCH:SEQ, body hash, state) of what a stopped gateway's outbox holds."""
        listed = subprocess.run([os.path.join(BUILD, "deploy", "silsila-outbox-list"), "--envelopes",
                                 os.path.join(self.dir, name, "outbox.db")], capture_output=True, text=True, check=True)
        return [tuple(line.split(",")) for line in listed.stdout.splitlines()]

    def read_ledger_copy(self):
        """What the ledger held when the demo stopped: (gateway, EPOCH:SEQ) to the hashes of its bodies."""
        self.ledger_copy = {}
        for gateway, place, body_hash in self.rows("ledger.csv"):
            self.ledger_copy.setdefault((gateway, place), set()).add(body_hash)

    def finish(self):
        """The end of every fault test: heal, drain, check what needs servers; stop; check what needs outboxes."""
        self.wait_stored_of_all()
        self.check_i6_drains()
        self.wait_folded()
        self.check_i3_stored_once()
        self.check_i5_ledger_verifies()
        self.check_i7_judged_and_explained()
        self.check_no_fold_error()
        self.check_i8_bounded()
        self.check_i9_rebuild_is_identical()
        summary = self.stop()
        self.read_ledger_copy()
        self.check_i1_every_durable_envelope_once()
        self.check_i2_nothing_receipted_that_is_not_stored()
        self.check_no_sequence_number_twice()
        return summary


def tree_hash(leaves):
    """RFC 6962 section 2.1 over leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


def run_tests(*tests):
    """Runs test functions one after the other and prints TAP; a test's docstring is its name."""
    import sys
    import traceback
    wanted = sys.argv[1:]
    chosen = [test for test in tests if not wanted or test.__name__ in wanted]
    print(f"1..{len(chosen)}", flush=True)
    failed = 0
    for number, test in enumerate(chosen, 1):
        began = time.monotonic()
        name = f"{test.__name__}: {(test.__doc__ or '').strip().splitlines()[0]}"
        try:
            note = test()
            print(f"ok {number} {name} ({time.monotonic() - began:.0f} s)", flush=True)
            if note:
                print(f"# {note}", flush=True)
        except Exception as trouble:  # noqa: a test that breaks is a test that fails
            failed += 1
            print(f"not ok {number} {name} ({time.monotonic() - began:.0f} s)", flush=True)
            print(f"# {trouble}", flush=True)
            if not isinstance(trouble, Failed):
                for line in traceback.format_exc().splitlines():
                    print(f"# {line}", flush=True)
    sys.exit(1 if failed else 0)
