"""Changes of `nnref` that change no result, each with the reason why it cannot."""

# The function, and its line before and after, as `doctools.mutants` prints them.
EQUIVALENT: dict[str, str] = {}
