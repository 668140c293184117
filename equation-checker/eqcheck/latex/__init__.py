"""From LaTeX to a tree of meaning."""
