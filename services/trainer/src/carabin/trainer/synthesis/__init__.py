"""Datasets spoken by synthetic voices."""
