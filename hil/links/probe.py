"""The rig's own client: asks a device for its first register, to know that it answers."""

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException


class SilentDevice(RuntimeError):
    """A device of the rig does not answer: the rig is at fault, not its caller."""


async def probe(bus: dict[str, str | int], unit: int, function: int, address: int) -> None:
    """Read one register over the line that `bus` describes (as in rig.json).

    Raises:
        SilentDevice: no answer, or a Modbus exception.
    """
    client: AsyncModbusTcpClient | AsyncModbusSerialClient
    if bus["kind"] == "tcp":
        client = AsyncModbusTcpClient(str(bus["host"]), port=int(bus["port"]))
    else:
        client = AsyncModbusSerialClient(str(bus["path"]), baudrate=int(bus["baud"]))
    await client.connect()
    read = client.read_holding_registers if function == 3 else client.read_input_registers
    try:
        answer = await read(address, count=1, device_id=unit)
    except (ModbusException, OSError) as error:
        raise SilentDevice(f"unit {unit} on {bus} does not answer: {error}") from error
    finally:
        client.close()
    if answer.isError():
        raise SilentDevice(f"unit {unit} on {bus} refuses to show register {address}: {answer}")
