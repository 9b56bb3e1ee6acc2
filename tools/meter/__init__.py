"""The technician's bench: `skerry meter`, one step a file or folder."""
