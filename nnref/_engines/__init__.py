"""How things are computed fast: what the modules of concepts leave out."""
