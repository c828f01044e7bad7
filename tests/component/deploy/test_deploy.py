#!/usr/bin/env python3
"""The keeper of a demo's processes and the test authority, each by itself; prints TAP."""
import os
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.environ["SILSILA_SOURCE"]
KEEP = os.path.join(ROOT, "deploy", "lib", "keep")
CA = os.path.join(ROOT, "deploy", "pki", "test-ca")


def until(what, condition, deadline_s=30):
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.01)


def alive(pid):
    """Runs, and is not merely waiting to be buried."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False


class Kept:
    def __init__(self, folder, *command):
        self.folder = folder
        self.keeper = subprocess.Popen([KEEP, folder, "one", os.path.join(folder, "log"), "TERM", "--", *command])

    def pid(self):
        try:
            with open(os.path.join(self.folder, "one.pid"), encoding="ascii") as file:
                return int(file.read())
        except (OSError, ValueError):
            return None

    def wait_other_than(self, old):
        until("another process", lambda: self.pid() not in (None, old) and alive(self.pid()))
        return self.pid()

    def end(self):
        if self.keeper.poll() is None:
            self.keeper.kill()
        self.keeper.wait()


def keeper_restarts_within_a_second(folder):
    """a killed process is started again, and its file names the new one"""
    kept = Kept(folder, "sleep", "1000")
    try:
        pid = kept.wait_other_than(None)
        for _ in range(3):
            os.kill(pid, signal.SIGKILL)
            pid = kept.wait_other_than(pid)
        with open(os.path.join(folder, "one.starts"), encoding="ascii") as file:
            assert file.read().strip() == "4"
    finally:
        kept.end()


def keeper_holds_down(folder):
    """while a hold file exists the process stays down"""
    kept = Kept(folder, "sleep", "1000")
    try:
        pid = kept.wait_other_than(None)
        hold = os.path.join(folder, "one.hold")
        open(hold, "w", encoding="ascii").close()
        os.kill(pid, signal.SIGKILL)
        until("it to be down", lambda: kept.pid() is None)
        os.unlink(hold)
        kept.wait_other_than(pid)
    finally:
        kept.end()


def keeper_stops_in_good_order(folder):
    """TERM to the keeper ends the process by its signal, and then the keeper"""
    kept = Kept(folder, "bash", "-c", 'trap "echo told; exit 0" TERM; echo ready; while :; do read -rt 1 <> <(:); done')
    try:
        pid = kept.wait_other_than(None)
        log = os.path.join(folder, "log")
        until("it to be ready", lambda: "ready" in open(log, encoding="ascii").read())
        kept.keeper.send_signal(signal.SIGTERM)
        assert kept.keeper.wait(30) == 0
        assert not alive(pid) and kept.pid() is None
        assert "told" in open(log, encoding="ascii").read()
    finally:
        kept.end()


def nothing_outlives_its_keeper(folder):
    """a keeper that is killed takes its process with it"""
    kept = Kept(folder, "sleep", "1000")
    pid = kept.wait_other_than(None)
    # Between fork and setpriv's call to the kernel lies an instant in which nobody is bound to anybody.
    until("the process to be itself", lambda: open(f"/proc/{pid}/comm", encoding="ascii").read().strip() == "sleep")
    kept.keeper.kill()
    kept.keeper.wait()
    until("the process to end", lambda: not alive(pid))


def authority_refuses_names_that_span_topics(folder):
    """the authority signs only names that can stand in a topic"""
    assert subprocess.run([CA, folder, "init"], check=False).returncode == 0
    for name in ["a/b", "+", "#", "gateway-1#", "Gateway", "-gw", "ab", "x" * 33, "gw\n1", ""]:
        done = subprocess.run([CA, folder, "client", name], capture_output=True, check=False)
        assert done.returncode == 2, f"{name!r}: exit {done.returncode}"
    assert sorted(os.listdir(folder)) == ["ca.crt", "ca.key"]


def authority_keeps_what_it_issued(folder):
    """a certificate that exists is left as it is; keys are their owner's alone; both ends verify"""
    for arguments in (["init"], ["client", "gw-one"], ["server", "broker", "127.0.0.2"]):
        subprocess.run([CA, folder, *arguments], check=True)
    path = os.path.join(folder, "gw-one.crt")
    before = open(path, "rb").read()
    subprocess.run([CA, folder, "client", "gw-one"], check=True)
    assert open(path, "rb").read() == before
    assert os.stat(os.path.join(folder, "gw-one.key")).st_mode & 0o077 == 0
    for name, purpose in (("gw-one", "sslclient"), ("broker", "sslserver")):
        subprocess.run(["openssl", "verify", "-purpose", purpose, "-CAfile", os.path.join(folder, "ca.crt"),
                        os.path.join(folder, f"{name}.crt")], check=True, stdout=subprocess.DEVNULL)


def main():
    tests = [keeper_restarts_within_a_second, keeper_holds_down, keeper_stops_in_good_order, nothing_outlives_its_keeper,
             authority_refuses_names_that_span_topics, authority_keeps_what_it_issued]
    failed = 0
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, 1):
        with tempfile.TemporaryDirectory(prefix="silsila-deploy-") as folder:
            try:
                test(folder)
                print(f"ok {number} {test.__doc__}")
            except (AssertionError, subprocess.SubprocessError) as trouble:
                failed += 1
                print(f"not ok {number} {test.__doc__}\n# {trouble}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
