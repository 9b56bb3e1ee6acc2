"""What is committed beside abci.proto is what the compiler makes of it."""

from pathlib import Path

import pytest
from grpc_tools import protoc

from blockchain_iface.cometbft import abci_pb2

FOLDER = Path(abci_pb2.__file__).parent


@pytest.mark.parametrize("name", ["abci_pb2.py", "abci_pb2.pyi"])
def test_the_generated_code_is_that_of_the_schema(tmp_path: Path, name: str) -> None:
    assert protoc.main(["protoc", f"-I{FOLDER}", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", "abci.proto"]) == 0
    assert (tmp_path / name).read_text() == (FOLDER / name).read_text()
