"""The settings of the model side and of the server side."""
