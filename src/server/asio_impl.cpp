// SPDX-License-Identifier: MIT
// The bodies of Asio and Beast, compiled once for the whole program (see the SEPARATE_COMPILATION macros).
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
