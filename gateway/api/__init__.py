"""The REST API: what programs and people's tools see and ask of the gateway."""
