"""The foundation of all other rooms: errors, names, files, limits, the cache."""
