"""CTranslate2's Whisper format, read and written in one place, with NumPy alone."""
