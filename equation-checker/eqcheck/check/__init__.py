"""Whether statements hold, and whether a changed one would be noticed."""
