// SPDX-License-Identifier: MIT
#include "stats/assignment.h"
#include "stats/call.h"

// Hashes, buckets and variants by name, each for a list of ids.
namespace tracseq::stats {
namespace {

template <class F>
std::vector<double> each(const std::vector<std::string>& ids, F f) {
  std::vector<double> out;
  out.reserve(ids.size());
  for (const std::string& id : ids) out.push_back(static_cast<double>(f(id)));
  return out;
}

Result<std::vector<double>> variants(const std::vector<std::string>& ids, BucketHash hash,
                                     const std::string& seed, std::span<const double> shares, double coverage,
                                     TextUnits units) {
  TRACSEQ_TRY(const std::vector<Range> ranges, bucket_ranges(shares, coverage));
  return each(ids, [&](const std::string& id) {
    return id.empty() ? -1 : choose(bucket(hash, seed, id, units), ranges);
  });
}

constexpr Function kFunctions[] = {
    {"fnv1a_32",
     [](Arguments& in) {
       const auto ids = in.texts("ids");
       const auto units = in.choice("units", TextUnits::utf8);
       return answer(in,
                     [&] { return each(ids, [&](const std::string& id) { return fnv1a_32(id, units); }); });
     }},
    {"murmur3_32",
     [](Arguments& in) {
       const auto ids = in.texts("ids");
       const auto seed = static_cast<std::uint32_t>(in.integer("seed", 0));
       return answer(in,
                     [&] { return each(ids, [&](const std::string& id) { return murmur3_32(id, seed); }); });
     }},
    {"buckets",
     [](Arguments& in) {
       const auto ids = in.texts("ids");
       const auto seed = in.text("seed", "");
       const auto hash = in.choice("hash", BucketHash::v2);
       const auto units = in.choice("units", TextUnits::utf8);
       return answer(in, [&] {
         return each(ids, [&](const std::string& id) { return bucket(hash, seed, id, units); });
       });
     }},
    {"bucket_ranges",
     [](Arguments& in) {
       const auto shares = in.array("shares");
       const double coverage = in.number("coverage", 1);
       return answer(in, [&]() -> Result<std::vector<double>> {
         TRACSEQ_TRY(const std::vector<Range> ranges, bucket_ranges(shares, coverage));
         std::vector<double> flat;
         for (const Range& range : ranges) flat.insert(flat.end(), {range.low, range.high});
         return flat;
       });
     }},
    {"variants",
     [](Arguments& in) {
       const auto ids = in.texts("ids");
       const auto seed = in.text("seed", "");
       const auto hash = in.choice("hash", BucketHash::v2);
       const auto units = in.choice("units", TextUnits::utf8);
       const auto shares = in.array("shares");
       const double coverage = in.number("coverage", 1);
       return answer(in, [&] { return variants(ids, hash, seed, shares, coverage, units); });
     }},
    {"in_namespace",
     [](Arguments& in) {
       const auto ids = in.texts("ids");
       const auto name = in.text("name");
       const Range part{in.number("low"), in.number("high")};
       const auto units = in.choice("units", TextUnits::utf8);
       return answer(in, [&] {
         return each(ids, [&](const std::string& id) { return in_namespace(name, id, part, units); });
       });
     }},
};

}  // namespace

std::span<const Function> assignment_functions() { return kFunctions; }

}  // namespace tracseq::stats
