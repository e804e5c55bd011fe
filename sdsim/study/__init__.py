"""Analysis of finished sweeps, and the search for policies."""
