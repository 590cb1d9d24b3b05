"""What bench/failover, bench/safety and bench/mysql share: the rows asked for, their runs in turn, a line for each, the table."""

import argparse
import os
import sys

from scene import SenguSubject
from table import show


def arguments(text, faults):
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=", ".join(fault.name for fault in faults))
    return parser


def beside_peers(parser, runs):
    """The options of those who run peers beside sengu."""
    parser.add_argument("--runs", type=int, default=runs, help=f"runs of each row ({runs})")
    parser.add_argument("--peers", action="store_true", help="the peers too, alternating")


def chosen(parser, faults, options):
    """The faults asked for, in the order of the table."""
    if unknown := [word for word in options.faults if not named(word, faults)]:
        parser.error(f"unknown fault {', '.join(unknown)}")
    if options.runs is not None and options.runs < 1:
        parser.error("--runs: at least 1")
    wanted = {fault for word in options.faults for fault in named(word, faults)} or faults
    return [fault for fault in faults if fault in wanted]


def named(word, faults):
    return [fault for fault in faults if fault.name == word or fault.name.startswith(f"{word}-")]


def measure(faults, options, row_class, peers, run_once):
    """Runs each fault under sengu and the peers in turn. The exit status."""
    def contestants(fault):
        return [subject for subject in (SenguSubject, *(peers if options.peers else ()))
                if subject is SenguSubject or fault.beside_peers]
    return in_turn(faults, lambda fault: [row_class(fault, subject) for subject in contestants(fault)], options, run_once)


def in_turn(faults, rows_of, options, run_once):
    """Runs the rows of each fault alternating, so that all meet the same machine. The exit status."""
    rows = []
    try:
        for fault in faults:
            if fault.needs_network and os.geteuid() != 0:
                print(f"{fault.name}: left out, needs root", file=sys.stderr)
                continue
            side_by_side = rows_of(fault)
            rows += side_by_side
            for number in range(options.runs or fault.runs):
                for row in side_by_side:
                    row.runs.append(run_once(fault, row.subject_class, options))
                    print(f"{fault.name:21} run {number + 1:2} {row.subject_class.name:29} {row.runs[-1] or 'failed'}",
                          file=sys.stderr, flush=True)
    finally:
        show([row for row in rows if row.runs])      # what there is, also after Ctrl-C
    return 1 if any(row.missed for row in rows) else 0
