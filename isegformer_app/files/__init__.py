"""Reading pictures and volumes, writing masks and sessions."""
