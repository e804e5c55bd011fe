"""Results and data in files, and their comparison."""
