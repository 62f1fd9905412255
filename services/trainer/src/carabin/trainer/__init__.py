"""The trainer: fine-tunes Whisper on dictations. So far: the base model that training starts from."""
