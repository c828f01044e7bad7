#!/usr/bin/env python3
"""silsila-gateway as a program, alone: what it finds on a kernel's (mocked) bus, its exit codes, SIGHUP, and what is in the
outbox after it was killed again and again. Prints TAP.

  test_program.py GATEWAY BUNDLE_MAKE OUTBOX_LIST
"""
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

GATEWAY, BUNDLE_MAKE, OUTBOX_LIST = sys.argv[1:4]
DEADLINE_S = 60
SEED = int(os.environ.get("SILSILA_SEED", random.randrange(1 << 32)))
results = []


class Bench:
    """A gateway's folder with a fake sysfs; `settings` are lines of its configuration."""

    def __init__(self, settings=""):
        self.dir = tempfile.mkdtemp(prefix="silsila-gateway-")
        self.log = open(os.path.join(self.dir, "log"), "w+b")
        self.process = None
        subprocess.run([BUNDLE_MAKE, "gw-1", self.dir], check=True)
        self.configure(settings)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def configure(self, settings, interval_s=1):
        with open(self.path("gateway.conf"), "w") as f:
            f.write(f'id = "gw-1"\nstate_dir = "{self.dir}"\nbroker_port = 1\nrecord_key = "{self.path("record.key")}"\n'
                    f'bundle = "{self.path("bundle")}"\nsysfs_root = "{self.path("sys")}"\ninterval_s = {interval_s}\n'
                    f'seal_s = 3\nscan_s = 1\nhttp_port = -1\nclock_trusted = true\nlog_level = 7\n{settings}\n')

    def probe(self, rom, text):
        folder = self.path(f"sys/bus/w1/devices/{rom}")
        os.makedirs(folder, exist_ok=True)
        with open(folder + "/.new", "w") as f:
            f.write(text)
        os.rename(folder + "/.new", folder + "/temperature")

    def run(self, *words, **more):
        return subprocess.run([GATEWAY, "-c", self.path("gateway.conf"), *words], capture_output=True, text=True,
                              timeout=DEADLINE_S, **more)

    def start(self):
        self.process = subprocess.Popen([GATEWAY, "-c", self.path("gateway.conf")], stderr=self.log)

    def logged(self):
        with open(self.path("log")) as f:
            return f.read()

    def until(self, condition, what):
        end = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < end, f"waited in vain for {what}\n{self.logged()[-2000:]}"
            assert self.process is None or self.process.poll() is None or "ended" in what, \
                f"the gateway ended while waiting for {what}\n{self.logged()[-2000:]}"
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.until(lambda: self.process.poll() is not None, "that it ended")
        assert self.process.returncode == 0, self.process.returncode

    def rows(self):
        """What the outbox holds; the gateway must not run."""
        out = subprocess.run([OUTBOX_LIST, self.path("outbox.db")], capture_output=True, text=True)
        return [line.split(",") for line in out.stdout.splitlines()]


def test(function):
    try:
        function()
        results.append((True, function.__name__))
    except Exception as error:  # noqa: BLE001 - every failure is one line of the report
        results.append((False, function.__name__))
        print("# " + str(error).replace("\n", "\n# "))
    ok, name = results[-1]
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}", flush=True)


def probe_list_reads_what_a_mocked_kernel_shows():
    """umockdev puts its own /sys in front of the program, which reads the real path."""
    if not shutil.which("umockdev-run"):
        raise AssertionError("umockdev-run is not installed")
    with Bench() as b:
        with open(b.path("w1.umockdev"), "w") as f:
            f.write("P: /devices/w1_bus_master1\nE: SUBSYSTEM=w1\nA: therm_bulk_read=0\n\n"
                    "P: /devices/w1_bus_master1/28-0000075a1b2c\nE: SUBSYSTEM=w1\nA: temperature=-31250\\n\nA: features=0\\n\n\n"
                    "P: /devices/pci/i2c-1/1-0018/hwmon/hwmon4\nE: SUBSYSTEM=hwmon\nA: name=jc42\\n\nA: temp1_input=4125\\n\n\n"
                    "P: /devices/spi/iio:device0\nE: SUBSYSTEM=iio\nA: name=max31865\\n\nA: in_temp_raw=-1024\\n\n"
                    "A: in_temp_scale=31.25\\n\n\n")
        b.configure('probe "fridge" { driver = hwmon chip = jc42 channel = temp1 }\n'
                    'probe "tank" { driver = iio chip = max31865 channel = in_temp }\n')
        conf = open(b.path("gateway.conf")).read().replace(f'sysfs_root = "{b.path("sys")}"', 'sysfs_root = "/sys"')
        with open(b.path("gateway.conf"), "w") as f:
            f.write(conf)
        got = subprocess.run(["umockdev-run", "-d", b.path("w1.umockdev"), "--", GATEWAY, "-c", b.path("gateway.conf"),
                              "probe", "list"], capture_output=True, text=True, timeout=DEADLINE_S,
                             # umockdev comes first among the libraries, which a sanitizer would mind.
                             env={**os.environ, "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"})
        for words in ("28-0000075a1b2c", "-31.250 °C", "fridge", "4.125 °C", "tank", "-32.000 °C", "3 found, 0 with trouble"):
            assert words in got.stdout, f"'{words}' is not in:\n{got.stdout}{got.stderr}"
        assert got.returncode == 0, got.returncode


def probe_list_tells_trouble_in_words():
    with Bench() as b:
        b.probe("28-00000000000a", "85000\n")
        b.probe("28-00000000000b", "")
        got = b.run("probe", "list")
        assert got.returncode == 1 and "power supply" in got.stdout and "check plug and cable" in got.stdout, got.stdout
        shutil.rmtree(b.path("sys"))
        got = b.run("probe", "list")
        assert got.returncode == 1 and "no probe was found" in got.stdout, got.stdout


def bad_settings_end_with_78_and_name_the_line():
    with Bench() as b:
        assert b.run("-t").returncode == 0
        b.configure("intervall_s = 5")
        got = b.run("-t")
        assert got.returncode == 78 and "gateway.conf:13" in got.stderr, (got.returncode, got.stderr)
        b.configure('probe "a" { driver = thermos }')
        assert b.run("-t").returncode == 78
        assert b.run("-t", "-x").returncode == 2
        b.configure("")
        assert b.run("probe", "lost").returncode == 2


def a_key_that_others_may_read_is_refused():
    with Bench() as b:
        os.chmod(b.path("record.key"), 0o644)
        got = b.run()
        assert got.returncode == 78 and "record_key" in got.stderr, (got.returncode, got.stderr)


def a_second_gateway_on_one_outbox_refuses():
    with Bench() as b:
        b.probe("28-00000000000a", "-31000\n")
        b.start()
        b.until(lambda: "event=started" in b.logged(), "the start")
        got = b.run()
        assert got.returncode == 1 and "in use" in got.stderr, (got.returncode, got.stderr)
        assert b.process.poll() is None


def sighup_takes_all_or_nothing():
    with Bench() as b:
        b.probe("28-00000000000a", "-31000\n")
        b.start()
        b.until(lambda: "event=started" in b.logged(), "the start")
        b.configure("health_s = 5")
        b.process.send_signal(signal.SIGHUP)
        b.until(lambda: "event=not_reloaded" in b.logged(), "the refusal")
        b.configure('w1 = false\nprobe "top" { driver = w1 device = "28-00000000000a" }')
        b.process.send_signal(signal.SIGHUP)
        b.until(lambda: "probe=top" in b.logged(), "the reload")
        b.until(lambda: "event=probe_lost" in b.logged(), "the end of the scan")
        b.probe("28-00000000000a", "85000\n")
        b.until(lambda: "event=probe_faulty" in b.logged() and "reason=item" in b.logged().split("probe_faulty")[1],
                "the bodies of a changed quality")
        b.stop()
        assert "event=outbox_refuses" not in b.logged(), b.logged()
        assert any(row[0] == "top" and row[4] for row in b.rows()), "no reading under the new name was sealed"


def a_hanging_probe_holds_up_neither_neighbours_nor_the_end():
    with Bench("read_deadline_ms = 300") as b:
        b.probe("28-00000000000a", "-31000\n")
        os.makedirs(b.path("sys/bus/w1/devices/28-00000000000b"))
        os.mkfifo(b.path("sys/bus/w1/devices/28-00000000000b/temperature"))
        b.start()
        b.until(lambda: "event=probe_faulty probe=28-00000000000b" in b.logged(), "the third miss")
        b.stop()
        assert sum(r[0].endswith("b") and r[3] == "1" for r in b.rows()) >= 3, b.rows()
        times = [int(r[1]) for r in b.rows() if r[0].endswith("a")]
        assert len(times) >= 3 and all(t % 1000 == 0 for t in times), times


def killed_again_and_again_it_loses_and_repeats_nothing():
    """Rows 1 and 2 of the fault list, for the program as a whole: each reading once, seq without gaps."""
    rng = random.Random(SEED)
    print(f"# seed {SEED}")
    rows_of_recording = 4000
    with Bench() as b:
        with open(b.path("rows.csv"), "w") as f:
            f.write("time,celsius\n")
            for i in range(rows_of_recording):
                f.write(f"{1700000000 + 60 * i},{-30 + (i % 37) / 16}\n")
        b.configure(f'w1 = false\nprobe "recorder" {{ driver = replay file = "{b.path("rows.csv")}" speed = 0 }}')
        for _ in range(12):
            b.start()
            time.sleep(rng.uniform(0.02, 0.25))
            b.process.kill()
            b.process.wait()
        ends = b.logged().count("event=recording_ended")
        b.start()
        b.until(lambda: b.logged().count("event=recording_ended") > ends, "the end of the recording")
        b.stop()
        times = sorted(int(r[1]) for r in b.rows() if r[0] == "recorder")
        assert len(times) == rows_of_recording, f"{len(times)} of {rows_of_recording}"
        assert len(set(times)) == rows_of_recording, "a reading stands there twice"


def a_line_of_a_boot_survives_odd_time_zones():
    """Row 25: what is stored is UTC whatever TZ says."""
    with Bench() as b:
        b.probe("28-00000000000a", "85000\n")
        b.process = subprocess.Popen([GATEWAY, "-c", b.path("gateway.conf")], stderr=b.log,
                                     env={**os.environ, "TZ": "Europe/Berlin"})
        b.until(lambda: "event=probe_faulty" in b.logged(), "a reading")
        b.stop()
        assert abs(int(b.rows()[0][1]) - time.time() * 1000) < DEADLINE_S * 1000


TESTS = [probe_list_reads_what_a_mocked_kernel_shows, probe_list_tells_trouble_in_words,
         bad_settings_end_with_78_and_name_the_line, a_key_that_others_may_read_is_refused,
         a_second_gateway_on_one_outbox_refuses, sighup_takes_all_or_nothing,
         a_hanging_probe_holds_up_neither_neighbours_nor_the_end,
         killed_again_and_again_it_loses_and_repeats_nothing, a_line_of_a_boot_survives_odd_time_zones]

print(f"1..{len(TESTS)}")
for one in TESTS:
    test(one)
sys.exit(0 if all(ok for ok, _ in results) else 1)
