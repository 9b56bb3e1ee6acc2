"""The meter: reads devices over Modbus, certifies, keeps until receipted. Runs on MicroPython; tests run it on CPython too."""
