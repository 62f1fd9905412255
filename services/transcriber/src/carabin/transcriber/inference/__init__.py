"""Whisper behind one interface; `ct2.py` alone talks to CTranslate2 and faster-whisper."""
