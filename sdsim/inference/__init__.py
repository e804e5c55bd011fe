"""Inference: from a distribution known up to a constant to its optima, draws and evidence.

Pure mathematics over a `Target`: one file per method, nothing here knows about models, data or
files. Every call of a target is one batch, a *round*; since a batch of two small members costs
nearly what one of a thousand does, the methods are made to need few rounds.
"""
