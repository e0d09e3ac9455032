"""How the bundled model is trained: views, batches of clicked targets, and the loop."""
