#!/usr/bin/env python3
"""The rules of the house that a compiler does not see; prints TAP, one line a rule.

  check_rules.py ROOT          checks the repository at ROOT
  check_rules.py --self-test   plants one violation of each rule in a scratch folder and fails unless it is found

Rules: includes run downward only (common <- coldchain <- programs; see ROOMS), functions that write past ends are never
called, files stay under 800 lines and functions under 100, headers declare no extern variable, every file of ours is
compiled with the poison list, no file names this machine.
"""
import os
import re
import sys
import tempfile

# A room may include from itself and from what stands here. A program may use no other program.
PURE_COMMON = {"bytes.h", "cleanup.h", "hash.h", "keys.h", "merkle.h", "outcome.h"}
ROOMS = {
    "schema": set(),
    "common": {"common"},
    "coldchain": {"coldchain", "schema"},
    "gateway": {"gateway", "coldchain", "common", "schema"},
    "broker-bridge": {"broker-bridge", "coldchain", "common", "schema"},
    "ingest": {"ingest", "coldchain", "common", "schema"},
    "dashboard": {"dashboard", "coldchain", "common", "schema"},
    "audit": {"audit", "coldchain", "common", "schema"},
    "cli": {"cli", "coldchain", "common", "schema"},
}
# Besides: rebuild and digest are the fold run by hand, not a second one.
FOLDERS = {"cli": ("ingest/fold/",)}
# Libraries a room must not know: the gateway builds where libpq does not exist, the core does no I/O.
FORBIDDEN_LIBRARIES = {
    "common": {"libpq-fe.h"},
    "coldchain": {"libpq-fe.h", "mosquitto.h", "sqlite3.h", "microhttpd.h", "pthread.h", "unistd.h", "fcntl.h", "time.h",
                  "sys/socket.h", "sys/time.h", "sys/stat.h"},
    "gateway": {"libpq-fe.h"},
    "broker-bridge": {"libpq-fe.h"},
}
POISONED = ["sprintf", "vsprintf", "strcpy", "strcat", "strncpy", "strncat", "gets", "strtok", "atoi", "atol"]
LINES_MOST, FUNCTION_MOST = 800, 100
SOURCES = (".c", ".h")
SKIPPED = {".git", "var", "node_modules", "__pycache__", "subprojects"}


def files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED and not f.startswith("build"))
        for name in sorted(set(names) - SKIPPED):
            yield os.path.relpath(os.path.join(folder, name), root)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def without_comments_and_texts(text):
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def check_includes(root, path, text):
    room = path.split("/")[0]
    if room not in ROOMS:
        return
    for match in re.finditer(r'^\s*#\s*include\s+"([^"]+)"', text, re.M):
        target = match.group(1)
        target_room = target.split("/")[0]
        if "/" not in target:
            yield f"{path}:{line_of(text, match.start())}: include \"{target}\" by its path from the repository's root"
        elif room == "coldchain" and target_room == "common":
            if target.split("/", 1)[1] not in PURE_COMMON:
                yield f"{path}:{line_of(text, match.start())}: coldchain does no I/O, so it may not use {target}"
        elif target_room not in ROOMS[room] and not target.startswith(FOLDERS.get(room, ("\0",))):
            yield f"{path}:{line_of(text, match.start())}: {room} may not use {target_room} ({target})"
    for match in re.finditer(r"^\s*#\s*include\s+<([^>]+)>", text, re.M):
        if match.group(1) in FORBIDDEN_LIBRARIES.get(room, ()):
            yield f"{path}:{line_of(text, match.start())}: {room} may not use <{match.group(1)}>"


def check_poison(root, path, text):
    if path == "common/poison.h":
        return
    code = without_comments_and_texts(text)
    for match in re.finditer(r"(?<![\w.>])(" + "|".join(POISONED) + r")\s*\(", code):
        yield f"{path}:{line_of(code, match.start())}: {match.group(1)}() is poisoned (common/poison.h)"


def check_lengths(root, path, text):
    count = text.count("\n")
    if count > LINES_MOST:
        yield f"{path}: {count} lines, at most {LINES_MOST}"
    start = None
    for number, line in enumerate(without_comments_and_texts(text).split("\n"), 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            if number - start - 1 > FUNCTION_MOST and path.endswith(".c"):
                yield f"{path}:{start}: a function of {number - start - 1} lines, at most {FUNCTION_MOST}"
            start = None


def check_extern(root, path, text):
    if not path.endswith(".h"):
        return
    code = without_comments_and_texts(text)
    for match in re.finditer(r"^extern\b(?![^;]*\()[^;]*;", code, re.M):
        yield f"{path}:{line_of(code, match.start())}: a header declares no extern variable"


def check_poison_is_used(root, path, text):
    """A library or program whose meson call names sources of ours must pass the poison list."""
    if os.path.basename(path) != "meson.build" or path.startswith("schema/"):
        return
    for match in re.finditer(r"\b(static_library|executable|shared_library|shared_module)\s*\(", text):
        depth, at = 1, match.end()
        while depth and at < len(text):
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        if "poison_args" not in text[match.start():at]:
            yield f"{path}:{line_of(text, match.start())}: compiled without poison_args"


def check_machine(root, path, text):
    for match in re.finditer(r"(?<![\w.}\"])/(home|Users)/\w", text):
        yield f"{path}:{line_of(text, match.start())}: names a folder of one machine"


RULES = [
    ("includes run downward between rooms", SOURCES, check_includes),
    ("poisoned functions are never called", SOURCES, check_poison),
    (f"files under {LINES_MOST} lines, functions under {FUNCTION_MOST}", SOURCES, check_lengths),
    ("no extern variable in a header", (".h",), check_extern),
    ("everything is compiled with the poison list", ("meson.build",), check_poison_is_used),
    ("no file names this machine", (), check_machine),
]


def violations(root, rule):
    _, endings, check = rule
    for path in files(root):
        if endings and not path.endswith(endings):
            continue
        if path.startswith("tests/rules/"):
            continue
        yield from check(root, path, read(root, path))


def check_repository(root):
    print(f"1..{len(RULES)}")
    failed = 0
    for number, rule in enumerate(RULES, 1):
        found = list(violations(root, rule))
        failed += bool(found)
        print(f"{'not ok' if found else 'ok'} {number} {rule[0]}")
        for text in found:
            print(f"# {text}")
    return 1 if failed else 0


PLANTED = [
    {"common/a.c": '#include "coldchain/core.h"\n', "gateway/b.c": "#include <libpq-fe.h>\n",
     "ingest/c.c": '#include "gateway/seal.h"\n', "coldchain/d.c": '#include "common/log.h"\n'},
    {"gateway/a.c": "void f(void)\n{\n    strcpy(a, b);\n}\n"},
    {"gateway/a.c": "void f(void)\n{\n" + "    g();\n" * 101 + "}\n", "gateway/b.c": "\n" * 801},
    {"gateway/a.h": "extern int counter;\n"},
    {"gateway/meson.build": "executable('a', 'a.c')\n"},
    {"README.md": "see /home/" + "somebody/x\n"},
]
INNOCENT = {"gateway/a.c": '/* strcpy(a) */ #include <x.h>\nconst char *t = "sprintf(";\nint snprintf_(int);\n#include "common/a.h"\n',
            "gateway/a.h": "extern int f(void);\n", "coldchain/a.c": '#include "common/bytes.h"\n'}


def plant(root, tree):
    for path, text in tree.items():
        os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)


def self_test():
    print(f"1..{len(RULES)}")
    failed = 0
    for number, (rule, tree) in enumerate(zip(RULES, PLANTED), 1):
        with tempfile.TemporaryDirectory() as bad, tempfile.TemporaryDirectory() as good:
            plant(bad, tree)
            plant(good, INNOCENT)
            found = list(violations(bad, rule))
            caught = len({text.split(":")[0] for text in found}) == len(tree)
            clean = not list(violations(good, rule))
        failed += not (caught and clean)
        print(f"{'ok' if caught and clean else 'not ok'} {number} finds a violation of: {rule[0]}")
        for text in [] if caught else found or ["nothing found"]:
            print(f"# {text}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(self_test() if sys.argv[1] == "--self-test" else check_repository(sys.argv[1]))
