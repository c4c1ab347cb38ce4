// SPDX-License-Identifier: MIT
#include "domain/abtest/report.h"

namespace tracseq::abtest {

TRACSEQ_DEFINE_ENUM(Decision)
TRACSEQ_DEFINE_TYPE(SplitCheck,
                    {.name = "mismatch", .text = "The split is not what was planned: no verdict is given"},
                    {.name = "p_value", .text = "Holds at every look; the least so far"},
                    {.name = "fixed_p_value", .text = "Of one look only"})
TRACSEQ_DEFINE_TYPE(VariantReport)
TRACSEQ_DEFINE_TYPE(RelativeEffect,
                    {.name = "bounded", .text = "false: control is not different from 0, any lift fits"})
TRACSEQ_DEFINE_TYPE(
    MetricReport, {.name = "measure", .text = "What it was taken of"},
    {.name = "interval", .text = "Of the estimate, at one look"},
    {.name = "rank_error",
     .text = "Of a quantile: how far the sketch's rank may be off; the interval counts it in"},
    {.name = "reason", .text = "Why there is nothing to test"},
    {.name = "effect", .text = "Difference from control; absent for control"},
    {.name = "low", .text = "By the plan's method: holds at every look"},
    {.name = "p_value", .text = "By the plan's method: the least so far"},
    {.name = "p_adjusted", .text = "Corrected over the planned metrics and variants"},
    {.name = "futile", .text = "The interval holds no improvement of the detectable effect"},
    {.name = "fixed", .text = "What one look at the planned end would say"},
    {.name = "variance_kept", .text = "By the covariate: squared error after over before"},
    {.name = "needed_users", .text = "Of this variant for the planned power, fixed horizon"},
    {.name = "bayes",
     .text = "Of the relative effect, turned so that greater is better; not safe under repeated looks"},
    {.name = "at_stop", .text = "Of group_sequential: corrected for the bias of stopping early"},
    {.name = "interval_only",
     .text = "The test stopped early: its estimate is biased away from 0, trust the interval"})
TRACSEQ_DEFINE_TYPE(Verdict)
TRACSEQ_DEFINE_TYPE(GuardrailReport)
TRACSEQ_DEFINE_TYPE(Report, {.name = "split", .text = "Look at this first"},
                    {.name = "progress",
                     .text = "0 to 1: of the users that the planned power needs, or the least planned"})
TRACSEQ_DEFINE_TYPE(Evidence)
TRACSEQ_DEFINE_TYPE(EvidenceState)
TRACSEQ_DEFINE_TYPE(LookPoint)
TRACSEQ_DEFINE_TYPE(Look, {.name = "variant_users", .text = "In the order of the plan's variants"})
TRACSEQ_DEFINE_TYPE(LookList)

}  // namespace tracseq::abtest
