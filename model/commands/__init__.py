"""The headless commands, a module each: `add_arguments` says what a command takes, `run` does it."""
