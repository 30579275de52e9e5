"""Quarterdeck keeps packaged Python applications fresh and safe, one rebuild pull request per reason."""

from importlib import metadata

__version__ = metadata.version("quarterdeck")
