"""Home Assistant's topics, as it comes (home-assistant.io/integrations/mqtt, "MQTT discovery" and "Birth and last will")."""

ALL = "homeassistant/#"
BIRTH = "homeassistant/status"
BORN = b"online"


def config(meter: str) -> str:
    """Where it looks for what a device has."""
    return f"homeassistant/device/{meter}/config"
