"""Where proposals stand."""
