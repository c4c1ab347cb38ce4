// SPDX-License-Identifier: MIT
#include "storage/artifacts/types.h"

namespace tracseq::artifacts {

TRACSEQ_DEFINE_ENUM(Layout)
TRACSEQ_DEFINE_ENUM(OwnerType)
TRACSEQ_DEFINE_TYPE(Artifact, {.name = "path", .text = "path below its owner, segments joined by '/'"},
                    {.name = "version", .text = "counts the contents this path has had"},
                    {.name = "digest", .text = "SHA-256 of the content"})
TRACSEQ_DEFINE_TYPE(ArtifactPage)

}  // namespace tracseq::artifacts
