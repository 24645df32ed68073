#include <sys/socket.h>
#include <sys/uio.h>

#include <array>

#include "server/socket_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

namespace attune {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

class PlainConnection final : public Connection {
 public:
  PlainConnection(ConnectionContext& context, Place place, tcp::socket socket)
      : Connection(context, place.peer_address, /*is_encrypted=*/false),
        place_(std::move(place)),
        socket_(std::move(socket)) {}

  ~PlainConnection() override {
    Error ignored;
    socket_.close(ignored);
    place_.registry.Leave(place_.peer_address, place_.admission);
    place_.registry.Remove(this);
  }

 protected:
  void StartRead(std::span<char> room) override {
    socket_.async_read_some(asio::buffer(room.data(), room.size()),
                            [this, self = shared_from_this()](Error, std::size_t bytes) { OnRead(bytes); });
  }

  void StartWrite(std::string_view first, std::string_view second) override {
    const std::array<asio::const_buffer, 2> both = {asio::buffer(first.data(), first.size()),
                                                    asio::buffer(second.data(), second.size())};
    socket_.async_write_some(both, [this, self = shared_from_this()](Error, std::size_t bytes) { OnWrite(bytes); });
  }

  std::size_t WriteNow(std::string_view first, std::string_view second) override {
    iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},
                      {const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = second.empty() ? 1 : 2;
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;  // An error comes again in StartWrite.
  }

  void StartTurn() override {
    asio::post(socket_.get_executor(), [this, self = shared_from_this()] { OnTurn(); });
  }

  void ShutDown(Direction direction) override {
    const int how = direction == Direction::kReceive ? SHUT_RD : direction == Direction::kSend ? SHUT_WR : SHUT_RDWR;
    ::shutdown(socket_.native_handle(), how);  // The descriptor stays open until the destructor.
  }

 private:
  const Place place_;
  tcp::socket socket_;
};

}  // namespace

std::shared_ptr<Connection> MakePlainConnection(ConnectionContext& context, Place place, tcp::socket socket) {
  return std::make_shared<PlainConnection>(context, std::move(place), std::move(socket));
}

}  // namespace attune
