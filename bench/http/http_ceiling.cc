// http_ceiling PORT THREADS: answers "hello" to whatever ends in an empty line, with epoll and nothing else: no parser,
// no limits, no timeouts. What the machine can do at most.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr std::string_view kReply =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: Mon, 23 Nov 2026 15:04:05 GMT\r\nConnection: "
    "keep-alive\r\n\r\nhello";

int Listen(std::uint16_t port) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || listen(listener, 1024) != 0) {
    std::perror("listen");
    std::exit(1);
  }
  return listener;
}

void Answer(int poll) {
  char buffer[4096];
  epoll_event events[64];
  for (;;) {
    const int count = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      const int client = events[i].data.fd;
      const ssize_t got = recv(client, buffer, sizeof(buffer), 0);
      if (got <= 0) {
        close(client);
      } else if (std::string_view(buffer, static_cast<std::size_t>(got)).ends_with("\r\n\r\n")) {
        if (send(client, kReply.data(), kReply.size(), MSG_NOSIGNAL) < 0) close(client);
      }
    }
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 3) return 2;
  const int listener = Listen(static_cast<std::uint16_t>(std::atoi(arguments[1])));
  std::vector<int> polls;
  for (int i = 0; i < std::atoi(arguments[2]); ++i) {
    polls.push_back(epoll_create1(0));
    std::thread(Answer, polls.back()).detach();
  }
  for (std::size_t next = 0;; ++next) {
    const int client = accept(listener, nullptr, nullptr);
    const int on = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = client;
    epoll_ctl(polls[next % polls.size()], EPOLL_CTL_ADD, client, &event);
  }
}
