"""Error rates, critical errors, and the report that a clinician reads."""
