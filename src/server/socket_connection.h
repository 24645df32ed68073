#pragma once

#include <memory>
#include <string>
#include <utility>  // Boost 1.74's Asio forgets it.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "base/status.h"
#include "server/connection.h"
#include "server/connection_registry.h"

// The two ways in which a connection moves its bytes. For the HTTP server alone: Boost is not included further up.
namespace attune {

/// What a connection holds of the registry, for as long as it lives: the last to have it gives it back.
struct Place {
  ConnectionRegistry& registry;
  std::string peer_address;
  ConnectionRegistry::Admission admission;
};

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

std::shared_ptr<Connection> MakePlainConnection(ConnectionContext& context, Place place,
                                                boost::asio::ip::tcp::socket socket);

/// Begins with a handshake, for which the first request's idle time is.
std::shared_ptr<Connection> MakeTlsConnection(ConnectionContext& context, Place place,
                                              boost::asio::ip::tcp::socket socket, TlsContext tls_context);

/// TLS 1.2 and 1.3. InvalidArgument if the certificate or the key cannot be read, or they do not belong together.
Result<TlsContext> MakeTlsContext(const TlsIdentity& identity);

}  // namespace attune
