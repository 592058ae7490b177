"""Backups: what the suite's tables held, as a folder of files, and the way back."""
