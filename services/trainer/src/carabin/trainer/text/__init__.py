"""Text as the trainer compares it: normalised, with its medical terms."""
