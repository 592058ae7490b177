"""Bars of US stocks: flat files, their archive, what is derived from it, and frames for pandas."""
