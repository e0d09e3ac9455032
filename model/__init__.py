"""Networks, engine, training and evaluation of click-based segmentation. Knows no Qt and no app."""
