"""Which model version serves: where it comes from, its cache, its loading, the slot it is leased from."""
