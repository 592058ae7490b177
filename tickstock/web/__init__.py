"""The admin application."""

from tickstock.web.app import create_app

__all__ = ["create_app"]
