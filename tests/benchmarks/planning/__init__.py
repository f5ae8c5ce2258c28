"""The planning core against a proven bound, two rival solvers and what people do by hand."""
