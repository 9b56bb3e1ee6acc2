"""Physics: weather, sun, wind, loads, storage, feeder. Power in W (positive = taken from the island), energy in Wh."""
