"""Exports as jobs: the ledger, its lease, the queue and the watcher."""
