"""The annotation window of iSegFormer, and the entry point of its command."""
