"""How many clicks a model needs: datasets as they are published, users that are simulated, metrics and reports."""
