"""The trainer: datasets of dictations in, a fine-tuned and evaluated Whisper checkpoint out."""
