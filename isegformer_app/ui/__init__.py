"""Widgets. Qt lives here and above, nowhere else."""
