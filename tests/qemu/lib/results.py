# SPDX-License-Identifier: BSD-2-Clause
"""Results of a test program, in the words that tests/run.py counts."""
import sys
import traceback

failures = 0


def result(passed, name, detail=""):
    """One case; the detail is shown if it failed."""
    global failures
    print(f"{'ok' if passed else 'FAIL'} {name}", flush=True)
    if not passed:
        failures += 1
        if detail:
            print("  " + detail.rstrip().replace("\n", "\n  "), flush=True)
    return passed


class Failed(Exception):
    """The case cannot go on; the text says why."""


def case(name, function, *args):
    """Runs a function as one case: it passes if it returns."""
    try:
        function(*args)
    except Failed as e:
        return result(False, name, str(e))
    except Exception:  # a test that cannot run has failed, and the others still run
        return result(False, name, traceback.format_exc())
    return result(True, name)


def require(condition, text):
    if not condition:
        raise Failed(text)


def finish():
    sys.exit(1 if failures else 0)
