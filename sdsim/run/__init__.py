"""Running a prepared model once or many times: methods, horizon, results."""
