// SPDX-License-Identifier: MIT
#include "cli/place.h"

namespace tracseq::cli {

Result<bool> settle_host(server::ServerOptions& options) {
  TRACSEQ_TRY(const server::Place place, server::find_place(options.host));
  // On loopback names are checked; elsewhere a further one would begin to restrict them.
  if (place.loopback && options.host != place.address) options.allowed_hosts.push_back(options.host);
  options.host = place.address;
  return place.loopback;
}

}  // namespace tracseq::cli
