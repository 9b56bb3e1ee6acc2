"""What differs from board to board, behind one small interface (``interface.py``). One board a file."""
