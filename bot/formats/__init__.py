"""Formats: text to values and back, pure."""
