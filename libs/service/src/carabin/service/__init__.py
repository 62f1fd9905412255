"""What every long-running service shares: logs, health, metrics, an orderly end."""
