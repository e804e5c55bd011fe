"""Equations, models, programs as plain values: what every other room reads."""
