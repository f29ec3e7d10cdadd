"""The tools beside the scenes: one file a command, found by its name; its first line is the summary in `--help`."""
