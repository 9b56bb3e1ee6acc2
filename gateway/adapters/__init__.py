"""Shells around the core: MQTT, the broker, inboxes, the registry file."""
