"""Where equations come from, and what is said about them."""
