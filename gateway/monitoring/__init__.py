"""How the gateway itself is doing: figures for Prometheus, and one answer, well or not."""
