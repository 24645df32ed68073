"""HTTP/1.1 as raw bytes: what the server makes of requests of every shape."""
import zlib

import pytest

GET = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"


def post(path, body, *fields):
    lines = [f"POST {path} HTTP/1.1", "Host: a", f"Content-Length: {len(body)}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def chunked(path, *chunks):
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def test_keeps_the_connection_for_the_next_request(probe):
    with probe.connect() as client:
        for _ in range(3):
            reply = client.ask(GET)
            assert (reply.status, reply.body, reply.headers["connection"]) == (200, b"hello", "keep-alive")


def test_closes_when_the_client_asks_for_it(probe):
    with probe.connect() as client:
        reply = client.ask("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert reply.headers["connection"] == "close"
        assert client.ended()
    with probe.connect() as client:
        assert client.ask("GET /hello HTTP/1.0\r\n\r\n").body == b"hello"
        assert client.ended()


def test_answers_pipelined_requests_in_order(probe):
    with probe.connect() as client:
        client.send(b"".join(post("/count", b"x" * n) for n in range(200)))
        for n in range(200):
            assert client.reply().text().split(" ")[0] == str(n)


def test_takes_a_request_byte_by_byte(probe):
    with probe.connect() as client:
        for byte in post("/count", b"abc"):
            client.send(bytes([byte]))
        assert client.reply().text().split(" ")[0] == "3"


def test_skips_a_line_between_requests(probe):
    with probe.connect() as client:
        assert client.ask(post("/count", b"abc") + b"\r\n").text().startswith("3 ")
        assert client.ask(GET).body == b"hello"


def test_says_continue_before_the_body_comes(probe):
    with probe.connect() as client:
        client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert client.head() == (100, {})
        assert client.ask("abc").text().startswith("3 ")
        assert client.ask(GET).body == b"hello"


def test_says_continue_where_no_body_comes_too(probe):
    """botocore keeps the status of an answer that comes without "100 Continue" for the next request on the connection:
    after an empty object was put, every later put would seem to succeed."""
    with probe.connect() as client:
        client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n")
        assert client.head() == (100, {})
        assert client.reply().text().startswith("0 ")
        assert client.ask(GET).body == b"hello"


def test_refuses_a_body_before_it_is_sent(probe):
    with probe.connect() as client:
        client.send("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        reply = client.reply()
        assert (reply.status, reply.headers["connection"]) == (403, "close")
    with probe.connect() as client:
        client.send("POST /limit/2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert client.reply().status == 413


def test_goes_on_with_a_client_that_does_not_wait_for_continue(probe):
    with probe.connect() as client:
        assert client.ask(post("/count", b"abc", "Expect: 100-continue")).text().startswith("3 ")


def test_takes_chunks_apart(probe):
    with probe.connect() as client:
        assert client.ask(chunked("/count", b"abc", b"de")).text().startswith("5 ")
        assert client.ask(chunked("/count")).text().startswith("0 ")
        assert client.ask(GET).body == b"hello"


def test_gives_the_whole_body_to_the_handler(probe):
    body = bytes(range(256)) * 5000
    with probe.connect() as client:
        whole = client.ask(post("/count", body)).text()
        assert whole.startswith(f"{len(body)} ")
        assert client.ask(chunked("/count", body[:70000], body[70000:70001], body[70001:])).text() == whole


def test_sends_a_source_of_every_size(probe):
    with probe.connect() as client:
        for size in [0, 1, 262143, 262144, 262145, 3_000_000]:
            body = client.ask(f"GET /source/{size} HTTP/1.1\r\nHost: a\r\n\r\n").body
            assert body == (bytes(range(251)) * (size // 251 + 1))[:size]


def test_cuts_a_response_whose_source_ends_early(probe):
    with probe.connect() as client:
        client.send("GET /short/1000 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.head()[1]["content-length"] == "1000"
        with pytest.raises(EOFError) as ended:
            while True:
                client._more()
        assert len(ended.value.args[0]) == 999


def test_answers_head_without_a_body(probe):
    with probe.connect() as client:
        for path, length in [("/hello", 5), ("/source/1000", 1000)]:
            client.send(f"HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.reply(head_request=True).headers["content-length"] == str(length)
        assert client.ask(GET).body == b"hello"


def test_sends_no_length_with_204(probe):
    with probe.connect() as client:
        reply = client.ask("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n")
        assert reply.status == 204 and "content-length" not in reply.headers
        assert client.ask(GET).body == b"hello"


def test_dates_its_replies(probe):
    date = probe.get("/hello").headers["date"]
    import email.utils
    import time
    assert abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time()) < 10


def test_survives_a_handler_that_throws(probe):
    with probe.connect() as client:
        client.send("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.ended()
    assert probe.get("/hello").body == b"hello"


def test_answers_a_client_that_has_finished_sending(probe):
    with probe.connect() as client:
        client.send(post("/slow/200", b"abc"))
        client.finish_sending()
        assert client.reply().text().startswith("3 ")
        assert client.ended()


@pytest.mark.parametrize("sent", ["POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", "GET /hello HTTP/1.1\r\nHo"])
def test_tells_a_client_that_ends_within_a_request(probe, sent):
    with probe.connect() as client:
        client.send(sent)
        client.finish_sending()
        reply = client.reply()
        assert reply.status == 400 and "ended within" in reply.text()


@pytest.mark.parametrize("garbage", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 300,
    b"\r\n\r\n\r\nnonsense\r\n\r\n",
    b"GET /hello HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n",
    b"GET /hello HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
    b"GET /hello HTTP/3.7\r\nHost: a\r\n\r\n",
    b"POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
])
def test_answers_garbage_with_400(probe, garbage):
    with probe.connect() as client:
        reply = client.ask(garbage)
        assert reply.status == 400 and reply.headers["connection"] == "close"
        assert client.ended()
    assert probe.get("/hello").body == b"hello"


def test_refuses_other_transfer_encodings(probe):
    with probe.connect() as client:
        reply = client.ask("POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")
        assert reply.status == 501
