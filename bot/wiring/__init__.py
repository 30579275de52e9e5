"""The only room that names implementations: one typed dict per port, one line per implementation."""
