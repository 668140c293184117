"""What running text states, and where it comes from."""
