"""Long dictations cut at their pauses, with the text aligned to the pieces."""
