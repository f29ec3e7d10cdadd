"""The parts of `python -m tests.fuzz`: cases are made, files laid for them to name, and what becomes of them judged."""
