#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "server/socket_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace attune {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

/// A head and a body up to this size go out as one record.
constexpr std::size_t kOneRecordBytesMax = 16 << 10;

class TlsConnection final : public Connection {
 public:
  TlsConnection(ConnectionContext& context, Place place, tcp::socket socket, TlsContext tls_context)
      : Connection(context, place.peer_address, /*is_encrypted=*/true),
        place_(std::move(place)),
        tls_context_(std::move(tls_context)),
        stream_(std::move(socket), *tls_context_) {}

  ~TlsConnection() override {
    Error ignored;
    stream_.lowest_layer().close(ignored);
    place_.registry.Leave(place_.peer_address, place_.admission);
    place_.registry.Remove(this);
  }

 protected:
  void StartRead(std::span<char> room) override {
    const auto buffer = asio::buffer(room.data(), room.size());
    const auto read = [this, self = shared_from_this()](Error, std::size_t bytes) { OnRead(bytes); };
    switch (stage_) {
      case Stage::kHandshake:
        return stream_.async_handshake(asio::ssl::stream_base::server, [this, read, buffer](Error error) {
          if (error) return read(error, 0);
          stage_ = Stage::kOpen;
          stream_.async_read_some(buffer, read);
        });
      case Stage::kOpen: return stream_.async_read_some(buffer, read);
      case Stage::kClosing:
        // Tells the client that nothing more comes; what it still sends is then thrown away undeciphered.
        return stream_.async_shutdown([this, read, buffer](Error) {
          stage_ = Stage::kClosed;
          ::shutdown(stream_.lowest_layer().native_handle(), SHUT_WR);
          stream_.next_layer().async_read_some(buffer, read);
        });
      case Stage::kClosed: return stream_.next_layer().async_read_some(buffer, read);
    }
  }

  void StartWrite(std::string_view first, std::string_view second) override {
    if (stage_ == Stage::kHandshake) {  // A refusal before the first request.
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [this, self = shared_from_this(), first, second](Error error) {
                                if (error) return OnWrite(0);
                                stage_ = Stage::kOpen;
                                StartWrite(first, second);
                              });
      return;
    }
    std::string_view next = first.empty() ? second : first;
    if (!first.empty() && !second.empty() && first.size() + second.size() <= kOneRecordBytesMax) {
      record_.assign(first).append(second);
      next = record_;
    }
    stream_.async_write_some(asio::buffer(next.data(), next.size()),
                             [this, self = shared_from_this()](Error, std::size_t bytes) { OnWrite(bytes); });
  }

  std::size_t WriteNow(std::string_view, std::string_view) override { return 0; }

  void StartTurn() override {
    asio::post(stream_.get_executor(), [this, self = shared_from_this()] { OnTurn(); });
  }

  void ShutDown(Direction direction) override {
    if (direction == Direction::kSend) {  // Of the chain alone; its next step is StartRead.
      stage_ = Stage::kClosing;
      return;
    }
    ::shutdown(stream_.lowest_layer().native_handle(), direction == Direction::kReceive ? SHUT_RD : SHUT_RDWR);
  }

 private:
  enum class Stage { kHandshake, kOpen, kClosing, kClosed };

  const Place place_;
  const TlsContext tls_context_;
  asio::ssl::stream<tcp::socket> stream_;
  Stage stage_ = Stage::kHandshake;
  std::string record_;
};

Status Unusable(std::string_view what, const Error& error) {
  return InvalidArgument(fmt::format("the TLS {} cannot be used: {}", what, error.message()));
}

}  // namespace

std::shared_ptr<Connection> MakeTlsConnection(ConnectionContext& context, Place place, tcp::socket socket,
                                              TlsContext tls_context) {
  return std::make_shared<TlsConnection>(context, std::move(place), std::move(socket), std::move(tls_context));
}

Result<TlsContext> MakeTlsContext(const TlsIdentity& identity) {
  Error error;
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  // Without this OpenSSL would ask for a pass phrase on the terminal.
  context->set_password_callback([](std::size_t, asio::ssl::context::password_purpose) { return std::string(); },
                                 error);
  if (!error) context->use_certificate_chain(asio::buffer(identity.certificate_pem), error);
  if (error) return Unusable("certificate", error);
  context->use_private_key(asio::buffer(identity.key_pem), asio::ssl::context::pem, error);
  if (error) return Unusable("key", error);
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    ERR_clear_error();
    return InvalidArgument("the TLS key does not belong to the certificate");
  }
  return context;
}

}  // namespace attune
