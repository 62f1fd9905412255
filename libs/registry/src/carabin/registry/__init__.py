"""The registry: how services that never import each other meet in object storage."""
