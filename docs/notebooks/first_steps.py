# %% [markdown]
# # First steps
#
# A cup of coffee cools towards the temperature of the room: one stock, one flow, and an exact solution to compare with.

# %%
import numpy as np

import sdsim

model = sdsim.load("teacup.mdl")
run = sdsim.simulate(model)
coffee = run["Teacup Temperature"]
print(coffee.attrs["units"], coffee.values[[0, -1]])

# %% [markdown]
# The exact solution is 70 + 110 exp(-t / 10). Euler's error falls with the step, that of Runge-Kutta with its fourth power.

# %%
exact = 70 + 110 * np.exp(-run.time / 10)
print(f"Euler: {np.abs(coffee.values - exact).max():.4f} degrees at most")

finer = sdsim.simulate(model, method=sdsim.RK4())
print(f"RK4: {np.abs(finer['Teacup Temperature'].values - exact).max():.1e} degrees at most")

# %% [markdown]
# What if the cup were better insulated, or the room colder? Each list has one value for each member of the ensemble.

# %%
worlds = sdsim.simulate_many(
    model, {"Characteristic Time": [5, 10, 20, 40], "Room Temperature": [70, 70, 60, 60]}
)
print(worlds["Teacup Temperature"].sel(time=20).round(1).values)

# %% [markdown]
# A name that does not exist is refused, with the nearest one that does.

# %%
try:
    sdsim.simulate(model, {"Room Temprature": 60})
except sdsim.ModelError as error:
    print(error)
