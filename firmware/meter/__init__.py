"""The meter itself: I/O-free cores and the asyncio shells around them."""
