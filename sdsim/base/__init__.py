"""What every other room may stand on: errors, names, files, limits, the cache."""
