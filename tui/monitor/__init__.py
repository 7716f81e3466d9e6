"""Probes of the provider and what they add up to."""
