#include "server/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>  // Boost 1.74's Asio forgets it.
#include <vector>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "base/log.h"
#include "base/mutex.h"
#include "server/connection.h"
#include "server/connection_registry.h"
#include "server/socket_connection.h"

namespace attune {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

constexpr std::chrono::milliseconds kSweepInterval{100};
constexpr std::chrono::milliseconds kAcceptAgainAfter{50};

std::size_t ThreadCount(std::size_t asked) {
  if (asked > 0) return asked;
  return std::max(HttpServerOptions::kThreadsMin,
                  HttpServerOptions::kThreadsPerCore * static_cast<std::size_t>(std::thread::hardware_concurrency()));
}

}  // namespace

class HttpServer::Implementation {
 public:
  Implementation(HttpHandler& handler, const Clock& clock, Metrics& metrics, HttpServerOptions options)
      : options_(std::move(options)),
        context_{
            .handler = handler,
            .clock = clock,
            .limits = options_.limits,
            .draining = false,
            .refused = metrics.Counters("attune_http_refused_total", "Requests and connections refused.", {"reason"}),
            .bytes_in = metrics.AddCounter("attune_http_received_bytes_total", "Bytes received."),
            .bytes_out = metrics.AddCounter("attune_http_sent_bytes_total", "Bytes sent.")},
        accepted_(metrics.AddCounter("attune_http_connections_total", "Connections accepted.")),
        connections_(metrics.AddGauge("attune_http_connections", "Connections now.")),
        registry_(options_.limits) {}

  Status Listen() {
    if (options_.tls) ATTUNE_RETURN_IF_ERROR(SetTlsIdentity(*options_.tls));
    Error error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error) return InvalidArgument(fmt::format("'{}' is not an IP address to listen on", options_.address));
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return IoError(fmt::format("cannot listen on {} port {}: {}", options_.address, options_.port, error.message()));
    }
    port_ = acceptor_.local_endpoint(error).port();
    return {};
  }

  void Run() {
    Accept();
    Sweep();
    for (std::size_t i = 0; i < ThreadCount(options_.thread_count); ++i) {
      threads_.emplace_back([this] { loop_.run(); });
    }
  }

  void Stop() {
    if (threads_.empty()) return;
    context_.draining = true;
    asio::post(strand_, [this] {
      Error ignored;
      acceptor_.close(ignored);
      accept_again_.cancel();
    });
    const std::int64_t until_ns =
        context_.clock.MonotonicNanoseconds() + std::chrono::nanoseconds(options_.stop_time_max).count();
    do {
      for (const auto& connection : registry_.All()) connection->Drain();
    } while (!registry_.WaitUntilEmpty(kSweepInterval) && context_.clock.MonotonicNanoseconds() < until_ns);
    if (const std::size_t left = registry_.size(); left > 0) {
      LogWarning("{} connections did not finish within {} ms and are cut off", left, options_.stop_time_max.count());
      if (options_.before_cut) options_.before_cut();
    }
    do {
      for (const auto& connection : registry_.All()) connection->Cut();
    } while (!registry_.WaitUntilEmpty(kSweepInterval));
    asio::post(strand_, [this] {
      stopped_ = true;
      sweep_.cancel();
    });
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

  std::uint16_t port() const { return port_; }

  Status SetTlsIdentity(const TlsIdentity& identity) EXCLUDES(tls_mutex_) {
    if (!options_.tls) return InvalidArgument("the server was started without TLS");
    ATTUNE_TRY(TlsContext tls_context, MakeTlsContext(identity));
    MutexLock lock(tls_mutex_);
    tls_context_ = std::move(tls_context);
    return {};
  }

 private:
  TlsContext CurrentTlsContext() EXCLUDES(tls_mutex_) {
    MutexLock lock(tls_mutex_);
    return tls_context_;
  }

  void Accept() {
    acceptor_.async_accept(loop_, asio::bind_executor(strand_, [this](Error error, tcp::socket socket) {
                             if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
                             if (error) {  // No descriptors left, mostly.
                               LogWarning("cannot accept a connection: {}", error.message());
                               accept_again_.expires_after(kAcceptAgainAfter);
                               accept_again_.async_wait(asio::bind_executor(strand_, [this](Error cancelled) {
                                 if (!cancelled) Accept();
                               }));
                               return;
                             }
                             Welcome(std::move(socket));
                             Accept();
                           }));
  }

  void Welcome(tcp::socket socket) {
    Error error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return;
    socket.set_option(tcp::no_delay(true), error);
    std::string peer_address = endpoint.address().to_string();
    HttpRefusal refusal;
    const auto admission = registry_.Enter(peer_address, &refusal);
    if (admission == ConnectionRegistry::Admission::kDropped) {
      context_.refused.With({refusal.reason}).Add();
      return;
    }
    accepted_.Add();
    Place place{registry_, std::move(peer_address), admission};
    const TlsContext tls_context = CurrentTlsContext();
    const auto connection = tls_context ? MakeTlsConnection(context_, std::move(place), std::move(socket), tls_context)
                                        : MakePlainConnection(context_, std::move(place), std::move(socket));
    registry_.Add(connection);
    if (admission == ConnectionRegistry::Admission::kWelcome) {
      connection->Begin();
    } else {
      connection->BeginRefusal(std::move(refusal));
    }
  }

  void Sweep() {
    for (const auto& connection : registry_.All()) connection->CheckDeadline();
    connections_.Set(static_cast<std::int64_t>(registry_.size()));
    if (stopped_) return;
    sweep_.expires_after(kSweepInterval);
    sweep_.async_wait(asio::bind_executor(strand_, [this](Error) { Sweep(); }));
  }

  // Constant after construction.
  const HttpServerOptions options_;
  std::uint16_t port_ = 0;
  // Synchronise themselves.
  ConnectionContext context_;
  Counter& accepted_;
  Gauge& connections_;
  ConnectionRegistry registry_;
  asio::io_context loop_;
  // Used on strand_ alone, once Run was called.
  asio::strand<asio::io_context::executor_type> strand_{loop_.get_executor()};
  tcp::acceptor acceptor_{loop_};
  asio::steady_timer accept_again_{loop_};
  asio::steady_timer sweep_{loop_};
  bool stopped_ = false;
  // Guarded by tls_mutex_.
  Mutex tls_mutex_;
  TlsContext tls_context_ GUARDED_BY(tls_mutex_);
  // Of the owner's thread.
  std::vector<std::thread> threads_;
};

HttpServer::HttpServer(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

HttpServer::~HttpServer() { Stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::Start(HttpHandler& handler, const Clock& clock, Metrics& metrics,
                                                      HttpServerOptions options) {
  auto implementation = std::make_unique<Implementation>(handler, clock, metrics, std::move(options));
  ATTUNE_RETURN_IF_ERROR(implementation->Listen());
  implementation->Run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(implementation)));
}

std::uint16_t HttpServer::port() const { return implementation_->port(); }

Status HttpServer::SetTlsIdentity(const TlsIdentity& identity) { return implementation_->SetTlsIdentity(identity); }

void HttpServer::Stop() { implementation_->Stop(); }

}  // namespace attune
