"""Run a program that never outlives whoever started it: `tied.py PARENT PROGRAM ARGS...`.

The kernel kills the program when the parent's starting thread ends, however it ends (prctl(2), PR_SET_PDEATHSIG; the setting
survives execve). Run by path, so it imports nothing of ours.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Become ``command``, tied to the process ``parent``."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # it may have died before the call above
    if os.getppid() == parent:
        os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
