"""Deployments: services with releases of their own, what works between them, and in which order they are upgraded."""
