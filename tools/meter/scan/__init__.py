"""What is on this Modbus line: its rate and parity, the devices, and the map that fits each. It only ever reads."""
