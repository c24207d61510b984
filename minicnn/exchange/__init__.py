"""Networks of others in, and ours out: each kind of file has a room of its own."""
