"""Model -> Program: delays written out, elements ordered, operations listed."""
