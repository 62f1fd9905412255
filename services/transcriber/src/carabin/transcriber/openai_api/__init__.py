"""The upload of whole recordings, as OpenAI's API takes them."""
