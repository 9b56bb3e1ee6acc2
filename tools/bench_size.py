"""How large the firmware is on a board's flash: `python -m tools.bench_size` prints `name value unit` lines."""

from tools import mpy


def main() -> None:
    """Compile the application and print its size, and that of the register maps, which ship as JSON."""
    application = mpy.application()
    code = [len(content) for path, content in application.items() if path.suffix == ".mpy"]
    maps = [len(content) for path, content in application.items() if path.suffix == ".json"]
    print(f"application_modules {len(code)} count")
    print(f"application_mpy {sum(code)} bytes")
    print(f"application_maps {sum(maps)} bytes")


if __name__ == "__main__":
    main()
