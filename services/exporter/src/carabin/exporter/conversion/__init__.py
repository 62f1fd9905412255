"""A checkpoint into CTranslate2 files."""
