"""From a dictation to what the model is fed: mel frames, windows, augmentation, labels."""
