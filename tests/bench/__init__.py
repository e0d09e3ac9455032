"""How long things take on this machine: `python -m tests.bench`. No test, and pytest collects nothing here."""
