"""The exporter: a checkpoint goes in, a proven CTranslate2 folder comes out."""
