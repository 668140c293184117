"""Speed and memory of nnref beside PyTorch: `make bench`."""
