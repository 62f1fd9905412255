"""What the protocols share: their errors, statuses, samples and admission."""
