"""The exporter: it turns checkpoints into validated CTranslate2 model versions."""
