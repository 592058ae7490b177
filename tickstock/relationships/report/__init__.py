"""The report: its sections as data, and one module for each way of showing them."""
