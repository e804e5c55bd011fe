"""Models meet data: specs, error models, predictions, fits and their stores."""
