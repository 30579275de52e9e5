"""Known flaws of the packages of operating systems."""
