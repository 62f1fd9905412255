"""Who may call, by API keys or an issuer's tokens, over TLS or not: the same for every service."""
