"""What a recorded history proves: limits and shapes, each with pass, fail or unknown and the evidence for it."""
