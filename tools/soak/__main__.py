"""`python -m tools.soak CERTIFICATES` soaks the meter and prints what it took, a `name value unit` line a figure."""

import sys

from tools.setup.system import SetupError
from tools.soak.run import HEAP, SoakError, soak


def main(certificates: int) -> int:
    """Return the exit status: 0 if the meter got through."""
    try:
        course = soak(certificates)
    except (SetupError, SoakError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"soak_certificates {course.certificates} count")
    print(f"soak_given_up {course.given_up} certificates")
    print(f"soak_outages {course.outages} count")
    print(f"soak_longest_debt {course.debt} certificates")
    print(f"soak_meter_time {course.days:.2f} days")
    print(f"soak_heap {HEAP} bytes")
    print(f"soak_heap_peak {course.peak} bytes")
    print(f"soak_heap_growth {course.growth:.0f} bytes_per_1000_certificates")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
