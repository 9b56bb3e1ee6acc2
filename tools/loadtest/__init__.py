"""A gateway under load: virtual meters with real keys and certificates, and a report of what it made of them."""
