"""The rig: simulates the island behind real Modbus."""
