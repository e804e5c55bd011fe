"""Sensitivity and decision analysis of sampled outcomes: one file per method.

Arrays in, frozen results out. Runs are along the first axis; all further axes (outcomes, times) are
handled at once. Nothing here knows about models, files or figures.
"""
