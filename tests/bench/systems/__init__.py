"""The servers that are measured: each holds the same data set and is started as in production."""
