# %% [markdown]
# # A policy under doubt
#
# An epidemic, a lever (how long people stay infectious, which testing and isolation shorten) and an uncertainty (how infectious a
# contact is). Does the policy keep the peak below a tenth of the community, whatever the infectivity?

# %%
import sdsim
from sdsim.design import LatinHypercube, Uncertainty, Uniform
from sdsim.sweeps import Outcome, Sweep, run_sweep

model = sdsim.load("sir.mdl")
doubt = LatinHypercube((Uncertainty("Contact Infectivity", Uniform(0.15, 0.5)),), 200, seed=0)

# %% [markdown]
# Three policies meet the same 200 draws, so that the difference between two policies is never chance.

# %%
outcomes = (Outcome("peak", "PEAK(Infectious)"), Outcome("overrun", "EVER(Infectious > 100)"))
peaks = {}
for days in (3, 5, 8):
    sweep = Sweep(model, doubt, outcomes, params=sdsim.Overrides(constants={"Duration": days}))
    peaks[days] = run_sweep(sweep)["outcomes"]

# %%
for days, found in peaks.items():
    low, middle, high = found.sel(outcome="peak").quantile([0.05, 0.5, 0.95]).values
    share = float(found.sel(outcome="overrun").mean())
    print(
        f"{days} days: peak {middle:.0f} people ({low:.0f} to {high:.0f} in nine of ten draws), overrun in {share:.0%}"
    )

# %% [markdown]
# All of this is conditional on the model (everybody meets everybody) and on the range of infectivity that was assumed.
