"""Probes of the provider and what they add up to.

Knows the network through net.py, not the screen and not the journal. Start at probe.py `Prober`, which times one small
request after another; stats.py is its rolling window, models.py reads what GET /models answers, view.py is
what is shown.
"""
