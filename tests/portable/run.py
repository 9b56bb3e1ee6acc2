"""Runs a portable test file's `test_*` functions under MicroPython: `micropython tests/portable/run.py FILE`, from the root."""

import sys


def run(path):
    """Print a line for each test of the file, and a traceback for each that fails; return the number of failures.

    A file without tests counts as a failure.
    """
    folder, _, name = path.rpartition("/")
    sys.path[0] = ""  # of this script until now; the packages are in the current directory
    sys.path.append(folder)
    module = __import__(name[: -len(".py")])
    tests = sorted([name for name in dir(module) if name.startswith("test_")])
    failures = 0
    for test in tests:
        try:
            getattr(module, test)()
            print("ok", test)
        except Exception as error:
            failures += 1
            print("FAIL", test)
            sys.print_exception(error, sys.stdout)
    if not tests:
        print("FAIL", path, "has no tests")
    return failures if tests else 1


if __name__ == "__main__":
    sys.exit(1 if run(sys.argv[1]) else 0)
