"""The value of an expression."""
