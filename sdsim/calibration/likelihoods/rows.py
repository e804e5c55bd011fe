"""The error models by their names in specs. A new one is a new file and a row here."""

from __future__ import annotations

from typing import Any

from sdsim.calibration.likelihoods.binomial import Binomial
from sdsim.calibration.likelihoods.log_normal import LogNormal
from sdsim.calibration.likelihoods.negative_binomial import NegativeBinomial
from sdsim.calibration.likelihoods.normal import Normal
from sdsim.calibration.likelihoods.poisson import Poisson
from sdsim.calibration.likelihoods.student import Student

KINDS: dict[str, type[Any]] = {
    kind.kind: kind for kind in (Normal, LogNormal, Student, Binomial, NegativeBinomial, Poisson)
}
