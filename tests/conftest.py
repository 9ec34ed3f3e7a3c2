"""Makes tests/ the place that test code is imported from: `from peers.town import Town`."""
