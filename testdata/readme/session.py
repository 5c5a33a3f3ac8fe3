"""Run the session of README.md against a server with the demo inventory.

    session.py README.md URL TOKEN

Between the marks, each sh block is run, all in one shell, and what it prints is compared with the
block that follows: line by line, where a line of "…" stands for any lines and a "…" within one for
anything. Ids and times may differ, but where one id stands twice it must be the same one.
"""

import re
import subprocess
import sys

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
MARK = "----8<----"


def blocks(text):
    """Pairs of commands and what they shall print (None: nothing is told)."""
    session = text.split("<!-- session -->")[1].split("<!-- end of session -->")[0]
    found = re.findall(r"^```(\w*)\n(.*?)^```$", session, re.M | re.S)
    for i, (kind, content) in enumerate(found):
        if kind == "sh":
            following = found[i + 1] if i + 1 < len(found) else ("sh", "")
            yield content, following[1] if following[0] != "sh" else None


def pattern(expected, url):
    """A regular expression for expected, with ids captured by their first place."""
    ids = {}

    def line(text):
        out, rest = "", text
        while rest:
            m = UUID.search(rest)
            head = rest[: m.start()] if m else rest
            head = TIME.sub("\0", head.replace("http://127.0.0.1:8080", url))
            out += re.escape(head).replace("\0", r"\S+?").replace(re.escape("…"), ".*")
            if not m:
                break
            name = ids.get(m[0])
            if name is None:
                ids[m[0]] = name = f"id{len(ids)}"
                out += f"(?P<{name}>{UUID.pattern})"
            else:
                out += f"(?P={name})"
            rest = rest[m.end():]
        return out

    lines = []
    for text in expected.splitlines():
        lines.append(r"(?:.*\n)*?" if text.strip() == "…" else line(text) + r"\n")
    return "".join(lines)


def main():
    readme, url, token = sys.argv[1:]
    script, wanted = [], []
    for commands, expected in blocks(open(readme, encoding="utf-8").read()):
        commands = re.sub(r"^TOKEN=.*$", f"TOKEN={token}", commands, flags=re.M)
        script.append(commands.replace("http://127.0.0.1:8080", url))
        wanted.append(expected)
    if len(wanted) < 4:
        sys.exit("README.md has no session between its marks")
    # printf's newline ends an answer that does not end with one, as most answers do not.
    shell = subprocess.run(["sh", "-c", f"\nprintf '\\n{MARK}\\n'\n".join(script)],
                           capture_output=True, text=True, timeout=120)
    answers = shell.stdout.split(f"\n{MARK}\n")
    if shell.returncode != 0 or len(answers) != len(wanted):
        sys.exit(f"the session ended with {shell.returncode}\n{shell.stdout}\n{shell.stderr}")
    for commands, expected, answer in zip(script, wanted, answers):
        if expected is not None and not re.fullmatch(pattern(expected, url), answer.rstrip("\n") + "\n"):
            sys.exit(f"README.md is not as printed.\n$ {commands}\nexpected:\n{expected}\ngot:\n{answer}")
    print(len(script), "steps as printed")


main()
