#!/usr/bin/env python3
"""The manual page against what the command itself says: every command with its usage, every option with its help, no other;
every setting of silsila.conf.

    check_manual.py SILSILA MANUAL_PAGE EXAMPLE_CONF
"""
import pathlib
import re
import subprocess
import sys

silsila, page_path, example_path = sys.argv[1:]


def said(*arguments):
    return subprocess.run([silsila, *arguments], capture_output=True, text=True, check=True).stdout


def plain(text):
    """Manual source as people read it."""
    text = text.replace("\\-", "-").replace("\\\\", "\\")
    return re.sub(r'^\.\w+ ?', "", text, flags=re.M).replace('"', "")


def main():
    page = pathlib.Path(page_path).read_text()
    sections = {}
    for part in re.split(r"^\.SS ", page.split(".SH COMMANDS")[1].split(".SH FILES")[0], flags=re.M)[1:]:
        heading, body = part.split("\n", 1)
        sections[plain(heading)] = body
    wrong = []
    commands = re.findall(r"^  (\S+(?: \S+)?)\s{2,}\S", said("--help"), re.M)
    for command in commands:
        text = said(*command.split(), "--help")
        heading = text.split("\n", 1)[0].removeprefix("usage: ")
        if heading not in sections:
            wrong.append(f"no section \"{heading}\"")
            continue
        body = sections.pop(heading)
        options = re.findall(r"^  (--[a-z-]+|[A-Z]+)(?: ([A-Z/]+))?\s{2,}(.*)$", text, re.M)
        known = {name for name, _, _ in options} - {"--help"}
        written = set(re.findall(r"^\.(?:BI?|I) (\S+)", body.replace("\\-", "-"), re.M))
        wrong += [f"{command}: {name} is not in the manual" for name in known - written]
        wrong += [f"{command}: {name} is in the manual only" for name in written - known]
        for name, _, help_text in options:
            if name in known and help_text not in plain(body) and help_text[0].upper() + help_text[1:] not in plain(body):
                wrong.append(f"{command}: the manual says something else of {name}")
    wrong += [f"section \"{heading}\" is of no command" for heading in sections]
    for setting in re.findall(r"^# ?(\w+) =|^(\w+) =", pathlib.Path(example_path).read_text(), re.M):
        name = "".join(setting)
        if not re.search(rf"^\.B {name}$", page, re.M):
            wrong.append(f"setting {name} is not in the manual")
    for line in wrong:
        print(line)
    print(f"{len(commands)} commands looked at")
    sys.exit(1 if wrong or len(commands) < 10 else 0)


main()
