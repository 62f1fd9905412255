"""Base models: found, rebuilt from CTranslate2, patched for short windows."""
