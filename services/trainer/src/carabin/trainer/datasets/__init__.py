"""Datasets built from folders, CSV files and corrections; split, packed and published."""
