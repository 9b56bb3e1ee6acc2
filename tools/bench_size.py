"""How large the firmware is on a board's flash: `python -m tools.bench_size` prints `name value unit` lines."""

from tools import mpy


def main() -> None:
    """Compile the application and print its size, and that of the register maps, which ship as JSON."""
    application = mpy.application()
    maps = [path.stat().st_size for path in sorted((mpy.FIRMWARE / "maps").glob("*.json"))]
    print(f"application_mpy {sum(map(len, application.values()))} byte")
    print(f"application_modules {len(application)} count")
    print(f"maps_json {sum(maps)} byte")


if __name__ == "__main__":
    main()
