"""Files of a run: its directory, its state, and their contents."""
