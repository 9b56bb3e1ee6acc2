"""The soak: the real meter, months in minutes, through outages, in the heap of a small board."""
