"""Theories side by side: rivals without theory, and scores of all on data that none has seen."""
