"""One prepared run or many: methods, horizon, results."""
