"""Does a calibration find again what it made itself, with intervals as wide as they should be?

Draws the transmission rate, the duration and the scatter of an epidemic from their priors, makes data
with them, calibrates, and looks where the truth lies among the draws: 200 times. The places must be
uniform, and nine in ten 90 % intervals must hold the truth. Prints the numbers; takes some minutes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.stats import chisquare

import sdsim
from sdsim.calibration.recovery import recovery

ROOT = Path(__file__).resolve().parent.parent
BINS = 10


def calibration() -> sdsim.Calibration:
    """The model of an epidemic with twelve observations; importance sampling suffices for it."""
    days = np.arange(2.0, 26.0, 2.0)
    return sdsim.Calibration(
        sdsim.load(ROOT / "models" / "sir" / "sir.mdl"),
        [
            sdsim.Parameter("Contact Infectivity", sdsim.LogNormal(0.9, 0.3)),
            sdsim.Parameter("Duration", sdsim.LogNormal(4, 0.3)),
            sdsim.Parameter("noise", sdsim.LogNormal(0.2, 0.3)),
        ],
        [
            sdsim.Data(
                "ill", "Infectious", np.ones(12), days, sdsim.likelihoods.LogNormal(sd="noise")
            )
        ],
        params=sdsim.Overrides({"FINAL TIME": 24, "TIME STEP": 0.25}),
        method=sdsim.RK4(),
    )


def main() -> None:
    """Print, for each parameter, the histogram of places, its chi-square test, and the coverage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="data sets")
    found = recovery(calibration(), parser.parse_args().count)
    even = found.uniformity
    print(f"{found.converged.sum()} of {len(found.converged)} posteriors converged")
    for i, name in enumerate(found.names):
        bins = np.histogram(even.places[:, i], BINS, (0, 1))[0]
        print(
            f"{name}: places {bins.tolist()}, chi-square p = {chisquare(bins).pvalue:.2f}, "
            f"Kolmogorov-Smirnov p = {even.chance[i]:.2f}; {even.inside[i]:.1%} of the truths inside "
            f"the 90 % interval (95 % interval {even.low[i]:.1%} to {even.high[i]:.1%})"
        )


if __name__ == "__main__":
    main()
