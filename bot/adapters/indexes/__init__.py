"""Python package indexes."""
