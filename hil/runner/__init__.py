"""Plays a scenario on the bench and writes its history."""
