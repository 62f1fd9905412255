"""What keeps a dictation or a dataset out of training."""
