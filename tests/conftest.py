"""Options of every suite below this folder."""


def pytest_addoption(parser):
    parser.addoption("--url", help="an endpoint that answers already, for tests/api, instead of a server of its own")
