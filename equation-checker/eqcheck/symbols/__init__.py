"""What the symbols of a page stand for."""
