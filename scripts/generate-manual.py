#!/usr/bin/env python3
"""Writes man pages (man(7)) for convey and each of its commands, from the definitions of the commands.

  scripts/generate-manual.py CONVEY DIRECTORY

CONVEY is the program. ArgumentParser dumps its commands as JSON (`--experimental-dump-help`, serializationVersion 0).
"""
import json
import pathlib
import subprocess
import sys

FILES = """.TP
.I /etc/convey/convey.yaml
The service's settings, where Convey was installed as a package.
.TP
.I /var/lib/convey
Its journal.
"""
ENVIRONMENT = """.TP
.B CONVEY_CONFIG
The YAML file of settings, like
.BR \\-\\-config .
.TP
.B CONVEY_HTTP_TOKEN
The token that commands send over HTTP.
.TP
.B NO_COLOR
If it is set, tables and lines have no colours.
.PP
Every setting has a variable of its own, named in
.BR convey\\-serve (1).
"""
STATUS = "Exit status:"


def escape(text):
    """Text for troff: hyphens that can be copied, and no line that begins with a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def paragraphs(text):
    return "\n.PP\n".join(escape(part.replace("\n", " ").strip()) for part in text.split("\n\n") if part.strip())


def name_of(name):
    return {"long": "--", "short": "-", "longWithSingleDash": "-"}[name["kind"]] + name["name"]


def usage(argument):
    """Returns an argument as it appears in the synopsis."""
    value = argument.get("valueName", "value")
    if argument["kind"] == "positional":
        text = f"\\fI{escape(value)}\\fR"
    else:
        text = f"\\fB{escape(name_of(argument['preferredName']))}\\fR"
        if argument["kind"] == "option":
            text += f" \\fI{escape(value)}\\fR"
    text += "..." if argument["isRepeating"] else ""
    return f"[{text}]" if argument["isOptional"] else text


def entry(argument):
    value = argument.get("valueName", "value")
    if argument["kind"] == "positional":
        head = f"\\fI{escape(value)}\\fR"
    else:
        head = ", ".join(f"\\fB{escape(name_of(name))}\\fR" for name in argument["names"])
        if argument["kind"] == "option":
            head += f" \\fI{escape(value)}\\fR"
    text = argument.get("abstract", "")
    if "defaultValue" in argument and argument["kind"] != "flag":
        text += f" Default: {argument['defaultValue']}."
    return f".TP\n{head}\n{escape(text.strip())}"


def page(command, parents):
    path = parents + [command["commandName"]]
    title = "-".join(path)
    abstract = command.get("abstract", "").rstrip(".")
    shown = [argument for argument in command.get("arguments", []) if argument["shouldDisplay"]]
    commands = [sub for sub in command.get("subcommands", []) if sub["shouldDisplay"] and sub["commandName"] != "help"]
    lines = [f'.TH "{title.upper()}" 1 "" "convey {version}" "Convey"', ".SH NAME", f"{escape(title)} \\- {escape(abstract)}"]
    lines += [".SH SYNOPSIS", f"\\fB{escape(' '.join(path))}\\fR"]
    if commands:
        lines.append("\\fICOMMAND\\fR ...")
    # Settings and connections would hide the command's own options.
    own = [argument for argument in shown if "sectionTitle" not in argument]
    lines += [usage(argument) for argument in own if argument.get("preferredName", {}).get("name") not in ("help", "version")]
    if len(own) < len(shown):
        lines.append("[\\fIOPTION\\fR...]")
    discussion, _, statuses = command.get("discussion", "").partition(STATUS)
    if discussion.strip():
        lines += [".SH DESCRIPTION", paragraphs(discussion)]
    if commands:
        lines.append(".SH COMMANDS")
        for sub in commands:
            lines.append(f".TP\n.BR {escape('-'.join(path + [sub['commandName']]))} (1)\n{escape(sub.get('abstract', ''))}")
    sections = {}
    for argument in shown:
        sections.setdefault(argument.get("sectionTitle", "Options"), []).append(argument)
    for section, arguments in sorted(sections.items(), key=lambda pair: pair[0] != "Options"):
        lines.append(f".SH {escape(section.upper())}")
        lines += [entry(argument) for argument in arguments]
    if statuses.strip():
        lines += [".SH EXIT STATUS", paragraphs(statuses.strip()[:1].upper() + statuses.strip()[1:])]
    if not parents:
        lines += [".SH ENVIRONMENT", ENVIRONMENT.rstrip(), ".SH FILES", FILES.rstrip()]
    else:
        lines += [".SH SEE ALSO", f".BR {escape('-'.join(parents))} (1)"]
    (directory / f"{title}.1").write_text("\n".join(lines) + "\n")
    for sub in commands:
        page(sub, path)


program, directory = sys.argv[1], pathlib.Path(sys.argv[2])
directory.mkdir(parents=True, exist_ok=True)
definition = json.loads(subprocess.check_output([program, "--experimental-dump-help"]))
version = json.loads(subprocess.check_output([program, "version", "-o", "json"]))["version"]
page(definition["command"], [])
