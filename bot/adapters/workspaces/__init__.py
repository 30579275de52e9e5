"""Clones of repositories."""
