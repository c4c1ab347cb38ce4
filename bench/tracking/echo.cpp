// SPDX-License-Identifier: MIT
// The floor of HTTP: a bare Beast server that answers every request with the same small JSON. Prints its
// address.
#include "bare_server.h"

int main() { bare::serve({"{\"live\":true}", {}}); }
