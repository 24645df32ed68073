"""SIGTERM: what is in flight is finished, what is idle ends, and it does not take for ever."""
import time

from test_http import GET, post


def test_finishes_what_is_in_flight(start):
    server = start("http_probe")
    with server.connect() as busy, server.connect() as idle:
        assert idle.ask(GET).status == 200
        busy.send(post("/slow/1000", b"abc"))
        time.sleep(0.2)
        server.signal_stop()
        assert idle.ended()
        reply = busy.reply()
        assert reply.text().startswith("3 ") and reply.headers["connection"] == "close"
    assert server.wait() == 0


def test_finishes_a_body_that_is_coming(start):
    server = start("http_probe")
    with server.connect() as client:
        client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
        time.sleep(0.2)
        server.signal_stop()
        time.sleep(0.2)
        client.send("def")
        assert client.reply().text().startswith("6 ")
    assert server.wait() == 0


def test_takes_no_more_connections(start):
    server = start("http_probe")
    with server.connect() as busy:
        busy.send(post("/slow/1500", b""))
        time.sleep(0.2)
        server.signal_stop()
        time.sleep(0.5)
        try:
            with server.connect(timeout=2) as late:
                assert late.ended()
        except OSError:
            pass
        assert busy.reply().status == 200
    assert server.wait() == 0


def test_cuts_off_what_does_not_finish(start):
    server = start("http_probe", "--stop-time-max", 500)
    with server.connect() as stuck:
        stuck.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
        time.sleep(0.2)
        began = time.monotonic()
        server.signal_stop()
        assert server.wait() == 0
        assert 0.4 < time.monotonic() - began < 5
        assert stuck.ended()
