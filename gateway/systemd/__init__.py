"""The gateway as a service of systemd: its unit, and what it tells the service manager."""
