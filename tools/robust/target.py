"""What libFuzzer runs: `python -m tools.robust.target` takes its options; see decoders."""

import sys

import atheris

# what is imported here tells the fuzzer which of its branches an input takes
with atheris.instrument_imports(include=["firmware.wire"]):
    from tools.robust.decoding import judge

if __name__ == "__main__":
    atheris.Setup(sys.argv, judge)
    atheris.Fuzz()
