"""Arrays whose leading axes belong to indices, and functions of them."""
