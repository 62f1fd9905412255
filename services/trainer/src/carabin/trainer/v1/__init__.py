"""Generated from proto/carabin/trainer/v1; not edited by hand."""
