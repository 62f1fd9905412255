"""The object store of a machine that has none: SeaweedFS, started and found again."""
