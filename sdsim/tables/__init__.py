"""Files of results and data, and their comparison."""
