"""Readers of datasets, each for one layout on the disk; `registry` knows them by name."""
