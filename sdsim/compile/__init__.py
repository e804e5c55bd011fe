"""Compilation: Model -> Program, with delays expanded, elements ordered, operations listed."""
