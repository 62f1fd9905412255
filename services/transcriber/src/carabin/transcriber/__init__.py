"""The transcriber: live dictations in, French text out, on a model that may change in mid-dictation."""
