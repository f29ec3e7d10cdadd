"""How fast, how lean and how small: whole commands, measured side by side with their peers in one run."""
