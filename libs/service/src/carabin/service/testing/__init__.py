"""What the tests of every service need: certificates, and an issuer of tokens."""
