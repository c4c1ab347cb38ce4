// SPDX-License-Identifier: MIT
#include "api/job_journal.h"

#include "domain/audit/ledger.h"
#include "domain/features/pipelines.h"

namespace tracseq::api {

Result<void> LedgerJobJournal::changed(sql::Transaction& tx, const CallContext& ctx, std::string_view verb,
                                       const jobs::Job* before, const jobs::Job& after) {
  audit::Record record;
  record.object_id = after.job_id;
  if (before != nullptr) record.before = to_document(*before);
  record.after = to_document(after);
  record.delta = Json::object().set("kind", after.kind).set("state", enum_name(after.state));
  Json data = Json::object();
  data.set("kind", after.kind).set("state", enum_name(after.state));
  data.set("object_type", after.object_type).set("object_id", after.object_id);
  record.publish("jobs", std::string(verb), std::move(data));
  TRACSEQ_CHECK(
      audit::Ledger::write_entry(tx, ctx, {"job." + std::string(verb), "job", after.job_id}, record));
  return features::PipelineRuns::end_with_job(tx, ctx, after);
}

Result<void> LedgerJobJournal::purged(sql::Transaction& tx, const CallContext& ctx, const jobs::Job& job,
                                      bool with_job) {
  audit::Record record;
  record.object_id = job.job_id;
  record.before = to_document(job);
  if (!with_job) record.after = record.before;
  record.delta = Json::object().set("kind", job.kind).set("log_lines", job.log_lines);
  return audit::Ledger::write_entry(tx, ctx, {with_job ? "job.purge" : "job.purge_log", "job", job.job_id},
                                    record);
}

Result<void> LedgerJobJournal::appended(sql::Transaction& tx, const CallContext& ctx,
                                        const std::string& job_id, std::int64_t count, const Digest& digest) {
  audit::Ledger::note(tx, ctx, {{"job_reports", "job", job_id, count, digest, "jobs"}});
  return {};
}

Result<std::optional<std::string>> LedgerJobJournal::replay(sql::Transaction& tx, const CallContext& ctx) {
  return audit::Ledger::replay(tx, ctx);
}

Result<void> LedgerJobJournal::remember(sql::Transaction& tx, const CallContext& ctx, const TypeInfo& type,
                                        const void* answer) {
  return audit::Ledger::remember(tx, ctx, type, answer);
}

Result<bool> LedgerJobJournal::used(sql::Session& session, const CallContext& ctx) {
  return audit::Ledger::used(session, ctx);
}

}  // namespace tracseq::api
