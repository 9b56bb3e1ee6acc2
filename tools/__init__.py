"""The command line: technician's, operator's and demo commands."""
