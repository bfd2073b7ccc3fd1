"""What the system tests stand on: a real daemon, raw sockets, and nothing of the daemon's own code."""
