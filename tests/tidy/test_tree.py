"""The rules of the tree that a compiler does not check: layers, file heads, sizes, words.
Each test lists every violation as file:line: what."""

import functools
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlparse

ROOT = Path(__file__).resolve().parents[2]

TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "proxy", "health", "config", "bench", "tests", "deploy", "README.md",
             "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "build"}

# Which layers stand right below each; it may include them and what stands below those. A target of CMake links the same.
BELOW = {
    "config/base": set(),
    "config": {"config/base"},
    "health/model": {"config"},
    "health/net": {"config"},
    "health/core": {"health/model"},
    "health/server": {"health/model"},
    "health/redis": {"health/server", "health/net"},
    "health/mysql": {"health/server", "health/net"},
    "health/journal": {"health/model", "health/net"},
    "health/driver": {"health/core", "health/redis", "health/mysql", "health/journal"},
    "proxy/dataplane": {"health/model", "health/net"},
    "proxy/view": {"proxy/dataplane"},
    "proxy/events": {"proxy/view"},
    "proxy/control": {"proxy/events"},
    "proxy/admin": {"proxy/control"},
    "proxy/http": {"proxy/control"},
    "proxy/app": {"proxy/admin", "proxy/http", "health/driver"},
    "proxy/cli": {"proxy/app"},
    "proxy": {"proxy/cli"},
}

# What would bring a clock, a thread, a socket, randomness or a log into the decision.
IMPURE_HEADER = re.compile(r"<(thread|mutex|shared_mutex|atomic|condition_variable|future|semaphore|random|ctime|time\.h|fstream|iostream"
                           r"|unistd\.h|sys/.*|netinet/.*|arpa/.*|poll\.h|netdb\.h|boost/(asio|beast|process)\b.*|spdlog/.*|hiredis/.*)>")
IMPURE_CALL = re.compile(r"::now\s*\(|\b(clock_gettime|gettimeofday|getenv|s?rand|random)\s*\(|\btime\s*\((0|NULL|nullptr)\)")

# A bool parameter says nothing at the call. These may: file -> the text of the line, and why.
BOOL_PARAMETERS = {
    "health/journal/journal.hpp": ("using Done = std::function<void(bool ok)>;", "a completion: called by us, written once per lambda"),
}

# Where waiting by the clock is the purpose: file -> why.
SLEEPERS = {
    "tests/support/sengu_e2e/wait.py": "the one polling helper: every wait has a condition and a deadline",
    "tests/support/stall-watch": "its sleep is what it measures",
    "tests/support/mysql_writer.c": "the pace of a client, as let_pass() is for those in Python",
}

MOST_LINES = 450


@functools.cache
def files():
    """Everything but build output. Not by git: the machine need not have one."""
    names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")
             if not {"build", ".git", "__pycache__", ".pytest_cache"} & set(path.relative_to(ROOT).parts)]
    return sorted(name for name in names if (ROOT / name).is_file())


@functools.cache
def content(name):
    return (ROOT / name).read_bytes()


def lines(name):
    return content(name).decode(errors="replace").splitlines()


def is_data(name):
    return name.startswith(("tests/fuzz/corpus/", "tests/unit/data/"))


def is_script(name):
    return name.endswith(".py") or content(name).startswith(b"#!")


def cpp(*endings):
    return [name for name in files() if name.endswith(endings or (".cpp", ".hpp"))]


def layer(name):
    """The layer of a file, named as its longest matching folder; None outside of the product."""
    folders = [folder for folder in BELOW if name.startswith(folder + "/")]
    return max(folders, key=len, default=None)


@functools.cache
def may_include(own):
    return {own}.union(*(may_include(below) for below in BELOW[own]))


def without_comment(line):
    return line.split("//")[0]


def matches(names, pattern, *, code_only=True):
    """file:line: text of every line in which the pattern is found."""
    return [f"{name}:{number}: {line.strip()}" for name in names for number, line in enumerate(lines(name), 1)
            if pattern.search(without_comment(line) if code_only else line)]


def includes(name):
    for number, line in enumerate(lines(name), 1):
        if match := re.match(r'\s*#\s*include\s*([<"])(.+?)[>"]', line):
            yield number, match[1], match[2]


def check(violations):
    assert not violations, f"{len(violations)}:\n" + "\n".join(violations)


def test_there_is_something_to_check():
    assert {layer(name) for name in cpp()} >= set(BELOW)


def test_top_level():
    check([entry for entry in sorted(os.listdir(ROOT)) if entry not in TOP_LEVEL and not entry.startswith(".")])


def test_layers_include_only_downward():
    bad = []
    for name in cpp():
        if (own := layer(name)) is None:
            continue
        for number, quote, header in includes(name):
            target = layer(header)
            if quote == '"' and target not in may_include(own):
                bad.append(f"{name}:{number}: {own} must not include {header}")
            if quote == "<" and target is not None:
                bad.append(f"{name}:{number}: our own header in <>: {header}")
    check(bad)


def test_the_decision_is_pure():
    core = [name for name in cpp() if layer(name) in {"health/core", "health/model"}]
    headers = [f"{name}:{number}: <{header}>" for name in core for number, quote, header in includes(name)
               if quote == "<" and IMPURE_HEADER.fullmatch(f"<{header}>")]
    check(headers + matches(core, IMPURE_CALL))


def test_one_file_knows_the_mysql_library():
    """Its calls block: they belong to the threads of health/mysql/client.hpp alone."""
    check([f"{name}:{number}: <{header}>" for name in cpp() for number, _, header in includes(name)
           if header.split("/")[-1] in {"mysql.h", "errmsg.h", "mysqld_error.h"} and name != "health/mysql/client.cpp"])


def test_includes_are_relative_to_the_root():
    check([f'{name}:{number}: "{header}"' for name in cpp() for number, quote, header in includes(name)
           if quote == '"' and not ((ROOT / header).is_file() and ".." not in header)])


def test_headers_have_pragma_once():
    check([name for name in cpp(".hpp") if "#pragma once" not in lines(name)])


def head(name):
    """The comment lines that a file begins with, after a #! line."""
    text = lines(name)
    if text and text[0].startswith("#!"):
        text = text[1:]
    if is_script(name) and text and text[0].startswith('"""'):
        return text[:1]
    mark = "//" if name.endswith((".cpp", ".hpp")) else "#"
    count = next((at for at, line in enumerate(text) if not line.startswith(mark)), len(text))
    return text[:count]


def test_files_start_with_their_purpose():
    bad = []
    for name in files():
        if name.endswith(".hpp") and len(head(name)) < 1:
            bad.append(f"{name}: no line of purpose; a header says first what it owns and must not know")
        elif name.endswith(".cpp") and not head(name):
            own = f'#include "{name[:-4]}.hpp"'
            if not lines(name) or lines(name)[0] != own:
                bad.append(f"{name}: neither a comment nor {own} first")
        elif (is_script(name) or name.endswith("CMakeLists.txt")) and not head(name):
            bad.append(f"{name}: no comment first")
    check([entry for entry in bad if not is_data(entry) and not entry.endswith("__init__.py: no comment first")])


def test_sizes():
    check([f"{name}: {len(lines(name))} lines, at most {MOST_LINES}" for name in files()
           if not is_data(name) and not name.endswith((".md", "LICENSE")) and len(lines(name)) > MOST_LINES])


def test_no_bool_parameters_in_headers():
    pattern = re.compile(r"\(bool |, bool ")
    found = matches([name for name in cpp(".hpp") if layer(name)], pattern)
    allowed = {(name, text) for name, (text, _) in BOOL_PARAMETERS.items()}
    check([line for line in found if tuple(re.split(r":\d+: ", line, maxsplit=1)) not in allowed])


def test_no_sleep_in_tests():
    pattern = re.compile(r"\b(time|asyncio)\.sleep\b|from time import.*\bsleep\b|\bsleep_(for|until)\b|\b(u|nano)?sleep\s*\(|^\s*sleep\s+[\d$]")
    names = [name for name in files() if name.startswith("tests/") and name not in SLEEPERS
             and not name.startswith("tests/tidy/") and not is_data(name)]
    check(matches(names, pattern))


def test_nothing_left_to_do():
    pattern = re.compile(r"\b(TO" "DO|FIX" "ME|X" "XX)\\b")
    check(matches([name for name in files() if not is_data(name)], pattern, code_only=False))


RULES = "health/RULES.md"


def numbers_of_rules():
    found = [match[1] for line in lines(RULES) if (match := re.match(r"(?:## |\*\*)(\d+(?:\.\d+)?)[.* ]", line))]
    assert len(found) > 35
    return set(found)


def test_each_citation_of_a_rule_resolves():
    rules = numbers_of_rules()
    bad = []
    for name in files():
        if is_data(name) or name.startswith("tests/tidy/"):
            continue
        for number, line in enumerate(lines(name), 1):
            bad += [f"{name}:{number}: RULES §{cited}" for cited in re.findall(r"RULES §(\d+(?:\.\d+)?)", line) if cited not in rules]
            bad += [f"{name}:{number}: {cited}" for cited in re.findall(r"[\w/.-]+\.md §[\d.]+", line)]   # no other page has numbers
    check(bad)


def test_what_the_rules_name_is_there():
    """Each scenario, unit test and mutant that health/RULES.md names as the one that plays a sequence."""
    text = content(RULES).decode()
    names = {Path(name).stem for name in files() if name.startswith(("tests/scenario/", "tests/e2e/", "tests/sim/mutants/"))}
    played = [word for cited in re.findall(r"\(([^()]*)\)", text.split("## 9.")[1]) for word in re.split(r"[;, ]+", cited)]
    scenarios = [word for word in played if re.fullmatch(r"[a-z]+(_[a-z]+)+", word)]
    assert len(scenarios) > 25
    mutants = {"mysql_" + name for name in names}
    bad = [word for word in scenarios if word not in names | mutants]
    bad += [path for path in re.findall(r"`((?:unit|real)/[\w/]+\.cpp)`", text) if not (ROOT / "tests" / path).is_file()]
    bad += [test for test in re.findall(r"`e2e\.(\w+)`", text) if f"test_{test}" not in names]
    check(bad)


# Who does something is a noun of the glossary.
VAGUE = re.compile(r"\b([Nn]obody|[Ww]hoever|[Hh]e|[Hh]is|[Hh]im)\b")


def test_comments_name_who_does_something():
    bad = []
    for name in cpp():
        if layer(name) is None:
            continue
        for number, line in enumerate(lines(name), 1):
            comment = line.split("//", 1)[1] if "//" in line else ""
            if VAGUE.search(comment):
                bad.append(f"{name}:{number}: {comment.strip()}")
    check(bad)


def test_cells_of_tables_can_be_read():
    check([f"{name}:{number}: a cell of {len(cell)} characters" for name in files() if name.startswith("deploy/manual/")
           for number, line in enumerate(lines(name), 1) if line.startswith("|") for cell in line.split("|") if len(cell.strip()) > 300])


def output(*command):
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout if run.returncode == 0 else ""


def test_no_package_mirror_is_named():
    """Where this machine gets its packages from is this machine's business: the tree works anywhere."""
    urls = output("apt-get", "indextargets", "--format", "$(REPO_URI)").split()
    urls += output("npm", "config", "get", "registry").split()
    hosts = {host for url in urls if (host := urlparse(url).hostname) and host != "localhost"}
    check([f"{name}: {host}" for host in sorted(hosts) for name in files() if host.encode() in content(name)])


def test_mutants_quote_what_is_there():
    """A run without the mutants (--quick) would not notice that one no longer fits."""
    bad = []
    for name in files():
        if not name.endswith(".mutant"):
            continue
        for place, edits in re.findall(r"^@@ (\S+)\n(.*?)(?=^@@ |\Z)", content(name).decode(), re.M | re.S):
            source = content(place).decode()
            for quoted in re.findall(r"^<<<<\n(.*?)^====\n", edits, re.M | re.S):
                if source.count(quoted) != 1:
                    bad.append(f"{name}:1: does not stand once in {place}: {quoted.strip()[:60]}")
    check(bad)
