"""The only users of subprocess, sockets, the clock and the environment."""
