# Four words; packaging/bootstrap.py does the work, in plain Python, the same on every system.
PYTHON ?= python3

.PHONY: app test check bench

app test check bench:
	$(PYTHON) packaging/bootstrap.py $@ $(ARGS)
