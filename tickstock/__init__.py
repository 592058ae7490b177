"""Reference data and market data of a US-stock application, kept right in PostgreSQL."""

__version__ = "0.1.0"
