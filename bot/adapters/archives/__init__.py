"""Archives of operating systems' packages."""
