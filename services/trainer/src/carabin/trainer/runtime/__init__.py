"""Around a run: its context, progress, signals, processes and device."""
