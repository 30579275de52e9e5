"""Tools that compile locks."""
