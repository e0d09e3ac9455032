"""Images, labels and clicks as training and evaluation read them."""
