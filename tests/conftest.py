"""Makes tests/ the place that test code is imported from: `from peers.town import Town`."""


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "row(id, ...): which rows of tests/rows.txt this is a test of")
    config.addinivalue_line("markers", "alone: measures something; no other test may run beside it")
