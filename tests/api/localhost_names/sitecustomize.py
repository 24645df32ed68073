"""Names below localhost are this machine (RFC 6761), whether or not the system's resolver knows; Python programs that
find this folder in PYTHONPATH take it from here, so that they can speak to a bucket by its host."""
import socket

_resolve = socket.getaddrinfo


def getaddrinfo(host, *arguments, **options):
    name = host.decode() if isinstance(host, bytes) else host
    return _resolve("127.0.0.1" if name and name.endswith(".localhost") else host, *arguments, **options)


socket.getaddrinfo = getaddrinfo
