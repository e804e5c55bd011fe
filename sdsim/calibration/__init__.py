"""Models meet data: specs, error models, predictions, fits and their stores."""

from sdsim.calibration import likelihoods as likelihoods
