"""CometBFT at `.skerry/bin/cometbft`, built from its pinned source where Go is."""

from pathlib import Path

from tools.setup.system import SetupError, run, say, which

VERSION = "0.38.25"
MODULE = f"github.com/cometbft/cometbft/cmd/cometbft@v{VERSION}"


def go() -> str | None:
    """The Go toolchain's path, or None; its own installer puts it where no PATH looks."""
    return which("go") or which("/usr/local/go/bin/go")


def is_built(folder: Path) -> bool:
    """Whether the pinned version is at `folder/bin/cometbft`."""
    try:
        return run([str(folder / "bin" / "cometbft"), "version"]).strip() == VERSION
    except SetupError:
        return False


def ensure(folder: Path) -> None:
    """Leave the pinned version at `folder/bin/cometbft`. The Go checksum database vouches for the source.

    Raises SetupError if there is no Go, or the source cannot be had or built.
    """
    if is_built(folder):
        return
    program = folder / "bin" / "cometbft"
    compiler = go()
    if compiler is None:
        raise SetupError(
            "CometBFT is built with Go, which is not here: install the package golang-go, or see https://go.dev/dl"
        )
    say(f"building CometBFT {VERSION} with Go (one to four minutes)")
    program.parent.mkdir(parents=True, exist_ok=True)
    run(["env", f"GOBIN={program.parent.resolve()}", "CGO_ENABLED=0", compiler, "install", "-trimpath", MODULE])
    if not is_built(folder):
        raise SetupError(f"the CometBFT built at {program} does not run, or is not {VERSION}")


def ensure_or_say(folder: Path) -> None:
    """Like ``ensure``; where it cannot be had, say so, and what is left out."""
    try:
        ensure(folder)
    except SetupError as error:
        say(f"no CometBFT, so the tests of the cometbft engine are left out: {error}")
