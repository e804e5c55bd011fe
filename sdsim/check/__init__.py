"""Claims about a model, each with a check that can fail. The format is in `README.md` here."""
