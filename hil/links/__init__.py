"""How a device is reached: TCP, or RTU on a pseudo-terminal."""
