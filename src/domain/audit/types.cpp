// SPDX-License-Identifier: MIT
#include "domain/audit/ledger.h"

namespace tracseq::audit {

TRACSEQ_DEFINE_TYPE(Entry, {.name = "sequence", .text = "Gapless position in the log; given within seconds"},
                    {.name = "reason", .text = "Why, in the words of who did it"},
                    {.name = "leaf_hash", .text = "Hex of SHA-256(0x00 || canonical bytes), RFC 9162"})
TRACSEQ_DEFINE_TYPE(EntryFilter, {.name = "action", .text = "An action, or a prefix that ends with a dot"},
                    {.name = "changes_only", .text = "Leave out the entries of appended data"},
                    {.name = "limit", .text = "Entries a page", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(EntryPage)

}  // namespace tracseq::audit
