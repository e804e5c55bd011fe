"""What finished sweeps say, and the search for policies."""
