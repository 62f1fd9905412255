"""The dictation page at `/`: static files that need nothing from anywhere else."""

from .mount import mount_web

__all__ = ["mount_web"]
