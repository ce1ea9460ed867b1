"""What a run leaves on disk: its directory, its state, and what they hold."""
