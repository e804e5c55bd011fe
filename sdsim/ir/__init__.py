"""Equations, models and programs as plain values; every other room reads them."""
