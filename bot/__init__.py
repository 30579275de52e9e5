"""Quarterdeck keeps packaged Python applications fresh and safe, one rebuild pull request per reason."""


def __getattr__(name: str) -> str:
    """Give `__version__` when it is asked for: reading a distribution's metadata takes longer than most imports."""
    if name == "__version__":
        from importlib import metadata  # noqa: PLC0415

        return metadata.version("quarterdeck")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
