#include "storage/curl_transport.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace attune {
namespace {

constexpr std::size_t kHeaderBytesMax = std::size_t{256} << 10;

/// What the callbacks of one exchange fill.
struct Exchange {
  HttpReply reply;
  std::uint64_t body_bytes_max = 0;
  std::size_t header_bytes = 0;
  std::string_view upload;
};

std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  std::string_view line(data, size);
  // A status line begins the headers anew: those of "100 Continue" do not count.
  if (line.starts_with("HTTP/")) exchange.reply.headers.clear();
  exchange.header_bytes += size;
  if (exchange.header_bytes > kHeaderBytesMax) return 0;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  std::string_view value = line.substr(colon + 1);
  constexpr std::string_view kBlank = " \t\r\n";
  value.remove_prefix(std::min(value.find_first_not_of(kBlank), value.size()));
  while (!value.empty() && kBlank.find(value.back()) != std::string_view::npos) value.remove_suffix(1);
  exchange.reply.headers.emplace_back(std::move(name), value);
  return size;
}

std::size_t OnBody(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.reply.body.size() + size > exchange.body_bytes_max) return 0;
  exchange.reply.body.append(data, size);
  return size;
}

std::size_t OnUpload(char* buffer, std::size_t, std::size_t size, void* user) {
  auto& upload = static_cast<Exchange*>(user)->upload;
  size = std::min(size, upload.size());
  std::memcpy(buffer, upload.data(), size);
  upload.remove_prefix(size);
  return size;
}

/// curl asks a few times a second, and at least once a second where nothing moves. Not 0 ends the exchange.
int OnProgress(void* cancelled, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return *static_cast<const std::atomic<bool>*>(cancelled) ? 1 : 0;
}

struct FreeHeaders {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeHeaders>;

HeaderList MakeHeaders(const HttpCall& call) {
  curl_slist* list = nullptr;
  for (const auto& [name, value] : call.headers) {
    // curl takes "Name;" for a header without a value.
    list = curl_slist_append(list, (value.empty() ? name + ";" : name + ": " + value).c_str());
  }
  // What curl would add by itself and nobody signed.
  for (const char* const removed : {"Accept:", "Expect:", "Content-Type:", "Transfer-Encoding:"}) {
    const std::string_view name = std::string_view(removed).substr(0, std::strlen(removed) - 1);
    const bool given =
        std::any_of(call.headers.begin(), call.headers.end(), [&](const auto& header) { return header.first == name; });
    if (!given) list = curl_slist_append(list, removed);
  }
  return HeaderList(list);
}

}  // namespace

std::string_view HttpReply::Header(std::string_view name) const {
  for (const auto& [found, value] : headers) {
    if (found == name) return value;
  }
  return "";
}

struct CurlTransport::Handle {
  Handle() : curl(curl_easy_init()) { ATTUNE_CHECK(curl != nullptr); }
  ~Handle() { curl_easy_cleanup(curl); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  CURL* const curl;
};

CurlTransport::CurlTransport(Options options) : options_(std::move(options)) {}
CurlTransport::~CurlTransport() = default;

Result<std::unique_ptr<CurlTransport>> CurlTransport::Open(Options options) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) return Internal(fmt::format("libcurl does not start: {}", curl_easy_strerror(started)));
  if (!options.endpoint.starts_with("http://") && !options.endpoint.starts_with("https://")) {
    return InvalidArgument(fmt::format("endpoint '{}' begins with neither http:// nor https://", options.endpoint));
  }
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  return std::unique_ptr<CurlTransport>(new CurlTransport(std::move(options)));
}

std::unique_ptr<CurlTransport::Handle> CurlTransport::Take() {
  MutexLock lock(mutex_);
  if (idle_.empty()) return std::make_unique<Handle>();
  auto handle = std::move(idle_.back());
  idle_.pop_back();
  return handle;
}

void CurlTransport::GiveBack(std::unique_ptr<Handle> handle) {
  MutexLock lock(mutex_);
  if (idle_.size() < kIdleConnectionsMax) idle_.push_back(std::move(handle));
}

HttpReply CurlTransport::Send(const HttpCall& call, std::uint64_t body_bytes_max) {
  auto handle = Take();
  CURL* const curl = handle->curl;
  // Keeps the connection, drops every option.
  curl_easy_reset(curl);
  Exchange exchange{.reply = {}, .body_bytes_max = body_bytes_max, .header_bytes = 0, .upload = call.body};
  const std::string url = options_.endpoint + call.path + (call.query.empty() ? "" : "?" + call.query);
  const HeaderList headers = MakeHeaders(call);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.idle_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, OnProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &cancelled_);
  if (!options_.authorities_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options_.authorities_file.c_str());
  if (call.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else if (call.method == "PUT" || call.method == "POST") {
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, OnUpload);
    curl_easy_setopt(curl, CURLOPT_READDATA, &exchange);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  }
  if (call.method != "HEAD" && call.method != "GET") curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());

  const CURLcode code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  exchange.reply.status = static_cast<int>(status);
  if (code == CURLE_OK) {
    GiveBack(std::move(handle));
  } else {
    exchange.reply.transfer =
        IoError(fmt::format("{} {}{}: {}", call.method, options_.endpoint, call.path, curl_easy_strerror(code)));
  }
  return std::move(exchange.reply);
}

}  // namespace attune
