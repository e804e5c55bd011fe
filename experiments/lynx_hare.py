"""Does a calibration find the posterior that Stan published for lynxes and hares?

Fits the model of `models/lynx_hare` to 42 numbers of pelts, prints each parameter's 10, 50 and 90 %
quantile beside Stan's (Carpenter 2018), and writes the fit as a page, `figures/lynx_hare.html`.
About a minute.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import sdsim

ROOT = Path(__file__).resolve().parent.parent
QUANTILES = {"10 %": 0.1, "50 %": 0.5, "90 %": 0.9}


def main() -> None:
    """Print the comparison, and write the page."""
    folder = ROOT / "models" / "lynx_hare"
    stan = pd.read_csv(folder / "stan.csv", index_col="parameter")
    fit = sdsim.calibrate(folder / "pelts.toml")
    print(fit.verdict)
    draws = fit.dataset["draws"].to_pandas()
    table = pd.DataFrame({
        (q, who): values
        for q, share in QUANTILES.items()
        for who, values in (("sdsim", draws.quantile(share)), ("Stan", stan[q]))
    })  # fmt: skip
    print(table.loc[stan.index].to_string(float_format=lambda v: f"{v:.3f}"))
    apart = ((draws.mean() - stan["mean"]) / stan["sd"]).abs()
    print(f"Means differ by at most {apart.max():.2f} posterior standard deviations.")
    page = ROOT / "figures" / "lynx_hare.html"
    sdsim.plot(fit, output=page)
    print(f"the page is {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
