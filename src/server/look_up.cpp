// SPDX-License-Identifier: MIT
#include "server/look_up.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <condition_variable>
#include <memory>
#include <thread>

#include "base/mutex.h"

namespace tracseq::server {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

ErrorCode ask_system(const std::string& host, const std::string& port, Endpoints& found) {
  asio::io_context io;
  tcp::resolver resolver(io);
  ErrorCode error;
  for (const auto& entry : resolver.resolve(host, port, error)) found.push_back(entry.endpoint());
  return error;
}

// Shared by the one who waits and the thread that asks; whoever is last frees it.
struct Question {
  Mutex mutex;
  std::condition_variable_any answered;
  bool done GUARDED_BY(mutex) = false;
  ErrorCode error GUARDED_BY(mutex);
  Endpoints found GUARDED_BY(mutex);
};

constexpr std::chrono::hours kLongest{24};
std::atomic<int> under_way{0};

}  // namespace

ErrorCode look_up(const std::string& host, const std::string& port, Steady::time_point deadline,
                  Endpoints& found, const SystemLookUp& system) {
  ErrorCode not_numeric;
  const auto address = asio::ip::make_address(host, not_numeric);
  if (!not_numeric) {
    std::uint16_t number = 0;
    const char* const end = port.data() + port.size();
    if (const auto read = std::from_chars(port.data(), end, number);
        read.ec != std::errc{} || read.ptr != end)
      return asio::error::service_not_found;
    found = {tcp::endpoint(address, number)};
    return {};
  }
  if (under_way.fetch_add(1) >= kLookUpsMax) {
    under_way.fetch_sub(1);
    return asio::error::no_buffer_space;
  }
  auto question = std::make_shared<Question>();
  std::thread([question, host, port, ask = system ? system : SystemLookUp(ask_system)] {
    Endpoints endpoints;
    const ErrorCode error = ask(host, port, endpoints);
    under_way.fetch_sub(1);
    const Lock lock(question->mutex);
    question->done = true;
    question->error = error;
    question->found = std::move(endpoints);
    question->answered.notify_all();
  }).detach();
  const auto until = std::min(deadline, Steady::now() + kLongest);
  Lock lock(question->mutex);
  while (!question->done)
    if (question->answered.wait_until(lock, until) == std::cv_status::timeout && !question->done)
      return asio::error::timed_out;
  found = std::move(question->found);
  return question->error;
}

}  // namespace tracseq::server
