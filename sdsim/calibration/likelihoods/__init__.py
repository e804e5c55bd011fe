"""How data scatter around a prediction: error models, one file each, and a row in `KINDS`.

Examples
--------
>>> errors = sdsim.likelihoods.LogNormal(sd="noise", autocorrelation=0.5)
>>> errors.named
('noise',)
"""

from sdsim.calibration.likelihoods.ahead import log_density_ahead
from sdsim.calibration.likelihoods.autocorrelation import gaps
from sdsim.calibration.likelihoods.base import Given, Likelihood, Settings
from sdsim.calibration.likelihoods.binomial import Binomial
from sdsim.calibration.likelihoods.log_normal import LogNormal
from sdsim.calibration.likelihoods.negative_binomial import NegativeBinomial
from sdsim.calibration.likelihoods.normal import Normal
from sdsim.calibration.likelihoods.plain import from_data, to_data
from sdsim.calibration.likelihoods.poisson import Poisson
from sdsim.calibration.likelihoods.rows import KINDS
from sdsim.calibration.likelihoods.student import Student

__all__ = [
    "KINDS", "Binomial", "Given", "Likelihood", "LogNormal", "NegativeBinomial", "Normal",
    "Poisson", "Settings", "Student", "from_data", "gaps", "log_density_ahead", "to_data",
]  # fmt: skip
