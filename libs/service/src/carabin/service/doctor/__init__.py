"""Whether this machine has what a service needs, each finding with what to do."""
