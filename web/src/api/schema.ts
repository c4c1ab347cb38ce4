// SPDX-License-Identifier: MIT
// Made by scripts/gen-types.mjs from /openapi.json. Do not edit: change the C++ type and make it again.
import type { ApiNumber } from '../lib/format';

export interface AbTest {
  test_id: string;
  name: string;
  description: string;
  hypothesis: string;
  status: TestStatus;
  /** Why it is in this status */
  status_reason: string;
  plan: Plan;
  /** Share of the users let in now */
  coverage: ApiNumber;
  /** The variant shown better, or control where all others were shown worse */
  winner: string;
  significant: boolean;
  created_at: string;
  created_by: string;
  started_at?: string | null;
  ended_at?: string | null;
  users: number;
  interactions: number;
  /** Users logged in two variants: counted in the first only */
  crossed_users: number;
}

export interface Activity {
  entry_id: string;
  time?: string | null;
  action: string;
  object_type: string;
  object_id: string;
  actor: string;
  reason: string;
}

export interface Alert {
  alert_id: string;
  threshold_id: string;
  model_id: string;
  metric_name: string;
  severity: Severity;
  message: string;
  /** Mean of the window when raised or last changed */
  current_value: ApiNumber;
  threshold_value: ApiNumber;
  /** Newest values of the window, newest first */
  triggered_by_values: ApiNumber[];
  /** Minutes */
  evaluation_window: number;
  is_resolved: boolean;
  acknowledged: boolean;
  acknowledged_by?: string | null;
  acknowledged_at?: string | null;
  created_at: string;
  resolved_at?: string | null;
}

export interface ArtifactInfo {
  artifact_id: string;
  owner_type: OwnerType;
  owner_id: string;
  /** path below its owner, segments joined by '/' */
  path: string;
  /** the path's last segment */
  name: string;
  /** counts the contents this path has had */
  version: number;
  /** SHA-256 of the content */
  digest: string;
  size_bytes: number;
  content_type: string;
  artifact_type: string;
  description: string;
  /** Any JSON value. */
  metadata: unknown;
  created_at: string;
  created_by: string;
  deleted_at?: string | null;
  /** the file, told to programs on the same machine */
  local_path?: string | null;
}

export interface Attention {
  time?: string | null;
  severity: string;
  message: string;
  object_type: string;
  object_id: string;
}

export interface BayesView {
  probability_better: ApiNumber;
  expected_loss: ApiNumber;
  expected_loss_control: ApiNumber;
  mean: ApiNumber;
  low: ApiNumber;
  high: ApiNumber;
}

export interface Bucket {
  /** Start of the bucket */
  time: string;
  count: number;
  per_second: ApiNumber;
  mean?: ApiNumber | null;
  min?: ApiNumber | null;
  max?: ApiNumber | null;
  /** To 1 % of the value */
  p50?: ApiNumber | null;
  p95?: ApiNumber | null;
  p99?: ApiNumber | null;
}

export interface BucketList {
  bucket_seconds: number;
  items: Bucket[];
}

export type CategoricalImputation = 'mode' | 'constant';

export type Cause = 'registered' | 'promote' | 'update' | 'step_back' | 'rollback' | 'deleted';

export interface Comparison {
  method: string;
  testable: boolean;
  reason: string;
  statistic: ApiNumber;
  dof: ApiNumber;
  p_value: ApiNumber;
  effect: ApiNumber;
  std_error: ApiNumber;
  low: ApiNumber;
  high: ApiNumber;
  warnings: string[];
}

export type Correction = 'none' | 'bonferroni' | 'sidak' | 'holm' | 'hochberg' | 'benjamini_hochberg' | 'benjamini_yekutieli';

export interface Counts {
  requests: number;
  errors: number;
  latency_sum_ms: ApiNumber;
  latency_square_sum: ApiNumber;
  latency_buckets: number[];
}

export type Decision = 'none' | 'blocked' | 'better' | 'worse' | 'futile';

export interface Deployment {
  deployment_id: string;
  model_id: string;
  model_version: string;
  environment: Environment;
  strategy: Strategy;
  status: Status2;
  started_at?: string | null;
  completed_at?: string | null;
  service_name: string;
  /** Stable per model and environment */
  endpoint_url: string;
  replicas_deployed: number;
  previous_deployment_id?: string | null;
  health_check_passed: boolean;
  performance_validated: boolean;
  /** The newest lines, in order */
  deployment_logs: string[];
  error_message?: string | null;
  deployment_duration_seconds: ApiNumber;
  /** avg_latency_ms, throughput_rps, error_rate */
  validation_metrics: Record<string, ApiNumber>;
  created_at: string;
  /** What it does now; status is how its roll-out went */
  phase: Phase;
  revision: number;
  project_id: string;
  config: DeploymentConfig;
  /** Its share of the route */
  traffic_percentage: ApiNumber;
  replicas_wanted: number;
  paused: boolean;
  pause_reason: string;
  verdict: Verdict2;
  verdict_reason: string;
  step: number;
  step_until?: string | null;
  watch_until?: string | null;
  phase_since?: string | null;
  awaited_generation: number;
  promoting: boolean;
  return_to?: string | null;
  outcome: Status2;
  next_phase: Phase;
  baseline: Counts;
  stable_baseline: Counts;
}

export interface DeploymentConfig {
  /** Empty: given */
  deployment_id: string;
  model_id: string;
  /** Empty: the newest */
  model_version: string;
  environment: Environment;
  strategy: Strategy;
  replicas: number;
  resource_requests: Record<string, string>;
  /** cpu as cores or "500m", memory as bytes or "512Mi" */
  resource_limits: Record<string, string>;
  health_check_path: string;
  /** Of one health check */
  health_check_timeout_seconds: ApiNumber;
  /** Until the replicas must be healthy, and of every wait for a step */
  ready_timeout_seconds: ApiNumber;
  /** 100, but for a canary */
  traffic_percentage: ApiNumber;
  /** A canary's first share */
  canary_traffic_percentage: ApiNumber;
  /** A failure by live traffic rolls back; else it pauses */
  auto_rollback_enabled: boolean;
  /** The worst bearable share of errors */
  rollback_error_threshold: ApiNumber;
  /** At most 5 % of requests may take longer */
  rollback_latency_threshold_ms: ApiNumber;
  /** Watched after it is deployed */
  monitoring_window_minutes: ApiNumber;
  /** Of its replicas */
  environment_variables: Record<string, string>;
  created_at?: string | null;
  created_by: string;
  description: string;
  target: TargetKind;
  /** Shares after canary_traffic_percentage, rising, each below 100 */
  canary_steps: ApiNumber[];
  /** A step without a verdict after this is inconclusive */
  canary_step_minutes: ApiNumber;
  /** Promoted by the last step's success; else a person promotes */
  auto_promote: boolean;
}

export interface DeploymentTraffic {
  deployment_id: string;
  service_name: string;
  generation: number;
  /** What the gateways go by; below generation while traffic is being moved */
  generation_in_force: number;
  is_healthy: boolean;
  /** Who has a share, the deployment itself last */
  targets: TargetTraffic[];
  /** Absent: it is not judged by live traffic now */
  judged_since?: string | null;
  /** What live traffic says at this moment; none: not judged */
  judgement: Verdict2;
  judgement_reason: string;
  /** What the judgement is made of */
  questions: GateQuestion[];
}

export type Direction = 'increase' | 'decrease';

export type Encoding = 'label' | 'onehot' | 'ordinal' | 'target';

export interface Entry {
  entry_id: string;
  /** Gapless position in the log; given within seconds */
  sequence?: number | null;
  time: string;
  project_id: string;
  actor: string;
  actor_kind: string;
  auth_method: string;
  client_address: string;
  action: string;
  object_type: string;
  object_id: string;
  /** Why, in the words of who did it */
  reason: string;
  request_id: string;
  /** Any JSON value. */
  delta: unknown;
  /** Hex of SHA-256(0x00 || canonical bytes), RFC 9162 */
  leaf_hash: string;
}

export type Environment = 'staging' | 'production' | 'canary' | 'development';

export interface Event {
  event_id: number;
  deployment_id: string;
  time: string;
  kind: string;
  message: string;
  /** Any JSON value. */
  data: unknown;
}

export interface ExclusionGroup {
  name: string;
  low: ApiNumber;
  /** Exclusive */
  high: ApiNumber;
}

export interface Experiment {
  experiment_id: number;
  name: string;
  description: string;
  created_at: string;
  created_by: string;
  /** In the trash since */
  deleted_at?: string | null;
  run_count: number;
  running_count: number;
}

export interface FeatureConfig {
  /** Made when left out. */
  config_id: string;
  /** What people call it. */
  name: string;
  /** Columns that are imputed, clipped and scaled. */
  numeric_features: string[];
  /** Columns that are imputed and encoded. */
  categorical_features: string[];
  /** Columns that become tf-idf terms. */
  text_features: string[];
  scaling_method: Scaling;
  encoding_method: Encoding;
  feature_selection_enabled: boolean;
  /** Keep at most this many of the best columns. */
  max_features?: number | null;
  /** Of two columns beyond it the later one is dropped. */
  correlation_threshold: ApiNumber;
  /** tfidf. */
  text_vectorization: string;
  /** Terms kept of a text column, the most frequent first. */
  max_vocab_size: number;
  /** Python functions by name, run in order before the fit. */
  custom_transformations: unknown[];
  created_at: string;
  created_by: string;
  numeric_imputation: NumericImputation;
  categorical_imputation: CategoricalImputation;
  numeric_fill_value: ApiNumber;
  categorical_fill_value: string;
  clip_outliers: boolean;
  drop_duplicates: boolean;
  unknown_categories: UnknownCategory;
  /** The column that target encoding and supervised selection learn from. */
  target_column: string;
  /** Weight of the overall mean; absent: from the data (empirical Bayes). */
  target_smoothing?: ApiNumber | null;
  /** Columns whose variance is not larger are dropped. */
  variance_threshold: ApiNumber;
}

export type FileRole = 'original' | 'onnx' | 'config' | 'requirements' | 'extra';

export interface GateQuestion {
  /** errors or latency */
  question: string;
  /** Requests that failed, or were too slow */
  events: number;
  requests: number;
  /** Of their share; the bounds hold at every look */
  low: ApiNumber;
  high: ApiNumber;
  /** The worst bearable share */
  bearable: ApiNumber;
  /** Of latency: what takes longer is too slow */
  threshold_ms?: ApiNumber | null;
  stable_events?: number | null;
  /** Of the same time; absent: too few for a comparison */
  stable_requests?: number | null;
  verdict: Verdict2;
}

export interface GuardrailReport {
  metric: string;
  variant: string;
  estimate?: ApiNumber | null;
  limit?: ApiNumber | null;
  broken: boolean;
}

export type Health = 'healthy' | 'degraded' | 'unhealthy';

export interface InProduction {
  model_id: string;
  name: string;
  version: string;
  since?: string | null;
  predictions_per_hour?: ApiNumber | null;
  p95_ms?: ApiNumber | null;
  error_rate?: ApiNumber | null;
  health: string;
  test_id: string;
}

export type IssueType = 'missing_values' | 'outliers' | 'duplicates' | 'schema_mismatch' | 'data_drift';

export interface Look {
  time: string;
  users: number;
  split_p_value: ApiNumber;
  points: LookPoint[];
  /** In the order of the plan's variants */
  variant_users: number[];
}

export interface LookPoint {
  variant: string;
  effect?: ApiNumber | null;
  low?: ApiNumber | null;
  high?: ApiNumber | null;
  p_value?: ApiNumber | null;
}

export type MetricKind = 'proportion' | 'mean' | 'ratio' | 'quantile';

export interface MetricPlan {
  name: string;
  /** proportion: users who ever did; mean: of the users' means; ratio: of sums, per interaction without a denominator; quantile: of all values */
  kind: MetricKind;
  /** error_rate, success, latency, conversion, value, or a number of response_data (a.b for nested ones); empty: the name */
  field: string;
  /** Measure below the line of a ratio; empty: interactions */
  denominator: string;
  quantile: ApiNumber;
  /** Which way is better; absent: decrease for error_rate and latency, else increase */
  direction?: Direction | null;
  /** Of the exposures' covariates; takes variance away (CUPED) */
  covariate: string;
  /** Smaller values count as this */
  winsor_low?: ApiNumber | null;
  /** Greater values count as this */
  winsor_high?: ApiNumber | null;
  /** Of a guardrail: a variant beyond it on the bad side pauses the test; absent: one that is shown to be worse than control does */
  limit?: ApiNumber | null;
}

export interface MetricReport {
  metric: string;
  /** What it was taken of */
  measure: string;
  role: MetricRole;
  kind: MetricKind;
  direction: Direction;
  variant: string;
  users: number;
  estimate?: ApiNumber | null;
  std_dev?: ApiNumber | null;
  std_error?: ApiNumber | null;
  /** Of the estimate, at one look */
  interval?: Range | null;
  /** Of a quantile: how far the sketch's rank may be off; the interval counts it in */
  rank_error?: ApiNumber | null;
  /** Why there is nothing to test */
  reason: string;
  /** Difference from control; absent for control */
  effect?: ApiNumber | null;
  /** By the plan's method: holds at every look */
  low?: ApiNumber | null;
  high?: ApiNumber | null;
  /** By the plan's method: the least so far */
  p_value?: ApiNumber | null;
  /** Corrected over the planned metrics and variants */
  p_adjusted?: ApiNumber | null;
  significant: boolean;
  better?: boolean | null;
  /** The interval holds no improvement of the detectable effect */
  futile: boolean;
  relative?: RelativeEffect | null;
  /** What one look at the planned end would say */
  fixed?: Comparison | null;
  /** By the covariate: squared error after over before */
  variance_kept?: ApiNumber | null;
  power?: ApiNumber | null;
  /** Of this variant for the planned power, fixed horizon */
  needed_users?: ApiNumber | null;
  progress?: ApiNumber | null;
  /** Of the relative effect, turned so that greater is better; not safe under repeated looks */
  bayes?: BayesView | null;
  /** Of group_sequential: corrected for the bias of stopping early */
  at_stop?: StoppedEstimate | null;
  /** The test stopped early: its estimate is biased away from 0, trust the interval */
  interval_only: boolean;
}

export type MetricRole = 'primary' | 'secondary' | 'guardrail' | 'found';

export type MetricType = 'accuracy' | 'latency' | 'throughput' | 'error_rate' | 'memory_usage' | 'cpu_usage' | 'custom';

export interface Model {
  model_id: string;
  name: string;
  description: string;
  model_type: string;
  framework: string;
  latest_version: string;
  production_version?: string | null;
  version_count: number;
  created_at: string;
  updated_at: string;
}

export interface ModelFile {
  name: string;
  role: FileRole;
  artifact_id: string;
  digest: string;
  size_bytes: number;
  content_type: string;
  /** the file, told to programs on the same machine */
  local_path?: string | null;
}

export interface ModelHealth {
  model_id: string;
  model_version: string;
  overall_health: Health;
  /** 0 (unhealthy) to 1 */
  health_score: ApiNumber;
  /** Means of the last 5 minutes, else last values */
  current_metrics: Record<string, ApiNumber>;
  /** Ids of open alerts */
  active_alerts: string[];
  predictions_last_hour: number;
  average_latency_ms: ApiNumber;
  error_rate_last_hour: ApiNumber;
  memory_usage_mb: ApiNumber;
  cpu_usage_percent: ApiNumber;
  last_prediction?: string | null;
  last_updated: string;
}

export type ModelStatus = 'training' | 'validating' | 'staging' | 'production' | 'archived' | 'failed';

export interface ModelVersion {
  model_id: string;
  /** semantic version, or any text its owner chose */
  version: string;
  name: string;
  description: string;
  model_type: string;
  framework: string;
  accuracy: ApiNumber;
  precision: ApiNumber;
  recall: ApiNumber;
  f1_score: ApiNumber;
  confidence_score: ApiNumber;
  training_data_hash: string;
  training_duration_seconds: ApiNumber;
  /** Any JSON value. */
  hyperparameters: unknown;
  feature_columns: string[];
  status: ModelStatus;
  created_at: string;
  updated_at: string;
  created_by: string;
  prediction_count: number;
  average_inference_time_ms: ApiNumber;
  error_rate: ApiNumber;
  traffic_percentage: ApiNumber;
  ab_test_id?: string | null;
  /** counts the model's versions */
  version_number: number;
  /** counts the changes of this version */
  revision: number;
  run_id?: string | null;
  pipeline_run_id?: string | null;
  /** Any JSON value. */
  config: unknown;
  requirements: string[];
  /** Any JSON value. */
  signature: unknown;
  servable: boolean;
  /** why the model server cannot run it */
  not_servable_reason: string;
  warnings: string[];
  files: ModelFile[];
  transformation?: TransformationLink | null;
}

export type NumericImputation = 'median' | 'mean' | 'mode' | 'constant';

export type Operator = 'gt' | 'lt' | 'eq' | 'ge' | 'le';

export interface Overview {
  model_performance: Tile[];
  system: Tile[];
  data_quality: Tile[];
  operations: Tile[];
  attention: Attention[];
  production: InProduction[];
  activity: Activity[];
}

export type OwnerType = 'run' | 'model_version' | 'pipeline_run' | 'upload';

export type Phase = 'pending' | 'starting' | 'validating' | 'switching' | 'analysing' | 'watching' | 'live' | 'restoring' | 'returning' | 'draining' | 'superseded' | 'stopped' | 'ended';

export interface PipelineRun {
  run_id: string;
  pipeline_id: string;
  trigger_type: string;
  input_data_path: string;
  input_data_hash: string;
  input_rows: number;
  schema_id: string;
  feature_config_id: string;
  output_data_path?: string | null;
  output_data_hash?: string | null;
  output_rows: number;
  quality_report_id?: string | null;
  data_quality_score: ApiNumber;
  processing_steps: string[];
  feature_count: number;
  status: PipelineStatus;
  started_at?: string | null;
  completed_at?: string | null;
  processing_time_seconds: ApiNumber;
  processing_logs: string[];
  error_message?: string | null;
  created_at: string;
  created_by: string;
  job_id: string;
  progress: ApiNumber;
  transformation_id?: string | null;
}

export type PipelineStatus = 'pending' | 'running' | 'completed' | 'failed';

export interface Plan {
  test_type: TestType;
  /** control among them */
  variants: Variant[];
  primary_metric: string;
  secondary_metrics: string[];
  guardrail_metrics: string[];
  /** How metrics are measured; absent ones: mean over interactions */
  metrics: MetricPlan[];
  /** Relative to control */
  minimum_detectable_effect: ApiNumber;
  confidence_level: ApiNumber;
  statistical_power: ApiNumber;
  planned_duration_days: ApiNumber;
  minimum_duration_hours: ApiNumber;
  /** Users of each compared variant before a verdict */
  minimum_sample_size: number;
  /** Users of all variants; the test completes there */
  maximum_sample_size?: number | null;
  /** always_valid: asymptotic confidence sequence; msprt: mixture test; group_sequential: error spending at planned looks; fixed: one look at the end */
  method: SequentialMethod;
  spending: Spending;
  /** Of group_sequential */
  looks: number;
  /** Users at which always_valid is narrowest */
  tuned_for: number;
  /** Of msprt, relative to control's mean */
  mixture_sd?: ApiNumber | null;
  /** Over variants and metrics */
  correction: Correction;
  srm_alpha: ApiNumber;
  srm_concentration: ApiNumber;
  prior_sd: ApiNumber;
  /** Attributes a user must have to be assigned */
  user_filters: unknown;
  feature_flags: string[];
  forced_variants: Record<string, string>;
  exclusion_group?: ExclusionGroup | null;
  /** Share of the project's users who are in no test */
  holdout: ApiNumber;
  /** Limit of the guardrail error_rate */
  error_rate_threshold: ApiNumber;
  /** Limit of the guardrail latency */
  latency_threshold_ms: ApiNumber;
  /** Of gradual rollouts: coverage by time, growing */
  ramp: RampStep[];
  /** Of the hash; empty: the test's id */
  seed: string;
  /** Whether a verdict completes the test by itself */
  automatic_stopping: boolean;
}

export interface PlannedSize {
  users_per_variant: ApiNumber;
  /** Of all variants: maximum_sample_size */
  users: ApiNumber;
  /** With one look at the end */
  fixed_users_per_variant: ApiNumber;
  /** What looking costs, at most */
  inflation: ApiNumber;
  /** Absolute */
  effect: ApiNumber;
  days?: ApiNumber | null;
  note: string;
}

export interface Prediction {
  /** Given by the log; ignored when recorded */
  prediction_id: string;
  request_id: string;
  model_id: string;
  model_version: string;
  /** When it was answered; absent when recorded: now */
  time?: string | null;
  latency_ms: ApiNumber;
  success: boolean;
  error?: string | null;
  confidence_score?: ApiNumber | null;
  user_id?: string | null;
  tags: Record<string, string>;
  /** What was asked; at most 1 MiB together with outputs */
  inputs: unknown;
  /** What was answered */
  outputs: unknown;
}

export interface QualityIssue {
  type: IssueType;
  severity: Severity2;
  description: string;
  columns: string[];
  count: number;
}

export interface QualityReport {
  report_id: string;
  dataset_hash: string;
  schema_id: string;
  total_rows: number;
  total_columns: number;
  /** 0 to 100, over all cells. */
  missing_value_percentage: ApiNumber;
  duplicate_rows: number;
  issues: QualityIssue[];
  /** Any JSON value. */
  column_stats: unknown;
  /** 0 to 1. */
  quality_score: ApiNumber;
  created_at: string;
  status: ReportStatus;
  error_message?: string | null;
  job_id?: string | null;
}

export interface RampStep {
  /** Since the start */
  after_hours: ApiNumber;
  /** Share of the users let in */
  coverage: ApiNumber;
}

export interface Range {
  low: ApiNumber;
  high: ApiNumber;
}

export interface RelativeEffect {
  effect: ApiNumber;
  low: ApiNumber;
  high: ApiNumber;
  /** false: control is not different from 0, any lift fits */
  bounded: boolean;
}

export interface Replica {
  replica_id: string;
  deployment_id: string;
  model_id: string;
  model_version: string;
  phase: ReplicaPhase;
  fence: number;
  host: string;
  port: number;
  pid: number;
  /** Clock ticks since boot */
  process_start: number;
  limits: string;
  checks_passed: number;
  /** Why it ended, or what its last health check said */
  cause: string;
  created_at: string;
  phase_since?: string | null;
  ended_at?: string | null;
  drain_generation: number;
}

export type ReplicaPhase = 'planned' | 'starting' | 'ready' | 'healthy' | 'draining' | 'ending' | 'ended';

export interface Report {
  test_id: string;
  status: TestStatus;
  status_reason: string;
  calculated_at: string;
  method: SequentialMethod;
  primary_metric: string;
  /** Look at this first */
  split: SplitCheck;
  guardrails: GuardrailReport[];
  verdict: Verdict;
  crossed_users: number;
  /** 0 to 1: of the users that the planned power needs, or the least planned */
  progress: ApiNumber;
  variants: VariantReport[];
  metrics: MetricReport[];
  notes: string[];
}

export type ReportStatus = 'pending' | 'completed' | 'failed';

export interface Run {
  run_id: string;
  experiment_id: number;
  experiment_name: string;
  parent_run_id?: string | null;
  name: string;
  description: string;
  status: RunStatus;
  model_type: string;
  framework: string;
  algorithm: string;
  dataset_name: string;
  dataset_version: string;
  /** Hyperparameters: name to any JSON value */
  params: unknown;
  tags: Tag[];
  /** What else the caller keeps with the run */
  config: unknown;
  /** The last value of each metric */
  metrics: Record<string, ApiNumber>;
  /** Any JSON value. */
  final_metrics: unknown;
  notes: string;
  created_by: string;
  created_at: string;
  started_at?: string | null;
  completed_at?: string | null;
  updated_at: string;
  deleted_at?: string | null;
}

export type RunStatus = 'running' | 'completed' | 'failed' | 'cancelled';

export type Scaling = 'standard' | 'minmax' | 'robust' | 'none';

export interface Schema {
  /** Made when left out. */
  schema_id: string;
  /** What people call it. */
  name: string;
  version: string;
  /** For each column its type and what its values must be. */
  columns: unknown;
  /** Rules across columns. */
  validation_rules: unknown[];
  description: string;
  created_at: string;
  created_by: string;
}

export type SequentialMethod = 'always_valid' | 'msprt' | 'group_sequential' | 'fixed';

export interface Series {
  run_id: string;
  key: string;
  steps: number[];
  epochs: number[];
  times: string[];
  values: ApiNumber[];
  total_points: number;
}

export type Severity = 'info' | 'warning' | 'critical';

export type Severity2 = 'info' | 'warning' | 'error';

export type Spending = 'obrien_fleming' | 'pocock' | 'power';

export interface SplitCheck {
  /** The split is not what was planned: no verdict is given */
  mismatch: boolean;
  /** Holds at every look; the least so far */
  p_value: ApiNumber;
  /** Of one look only */
  fixed_p_value: ApiNumber;
  users: number[];
  expected: ApiNumber[];
}

export type Status2 = 'pending' | 'deploying' | 'deployed' | 'failed' | 'rolling_back' | 'rolled_back';

export interface StoppedEstimate {
  estimate: ApiNumber;
  median_unbiased: ApiNumber;
  low: ApiNumber;
  high: ApiNumber;
  p_value: ApiNumber;
  repeated_low: ApiNumber;
  repeated_high: ApiNumber;
}

export type Strategy = 'blue_green' | 'rolling' | 'canary' | 'immediate';

export interface Tag {
  key: string;
  value: string;
}

export type TargetKind = 'local' | 'docker' | 'kubernetes';

export type TargetRole = 'stable' | 'candidate';

export interface TargetTraffic {
  deployment_id: string;
  model_version: string;
  role: TargetRole;
  weight: ApiNumber;
  /** Over all its life */
  requests: number;
  errors: number;
  /** Absent: no request yet */
  mean_latency_ms?: ApiNumber | null;
}

export type TestStatus = 'planning' | 'running' | 'paused' | 'completed' | 'cancelled';

export type TestType = 'champion_challenger' | 'multivariate' | 'gradual_rollout' | 'canary';

export interface Threshold {
  /** Empty: given */
  threshold_id: string;
  /** Empty: every model */
  model_id: string;
  metric_name: string;
  metric_type?: MetricType | null;
  warning_threshold?: ApiNumber | null;
  critical_threshold?: ApiNumber | null;
  /** The mean of the window is bad when it stands so to the threshold */
  operator: Operator;
  evaluation_window_minutes: number;
  /** Values in the window, else nothing is decided */
  minimum_samples: number;
  alert_enabled: boolean;
  alert_channels: string[];
  description: string;
  created_at?: string | null;
}

export interface Tile {
  key: string;
  label: string;
  value?: ApiNumber | null;
  unit: string;
  delta?: ApiNumber | null;
  delta_against: string;
  /** the last 24 hours or the last entries, oldest first */
  series: ApiNumber[];
}

export interface TransformationLink {
  pipeline_run_id: string;
  artifact_id: string;
  digest: string;
  size_bytes: number;
}

export interface Transition {
  transition_id: number;
  model_id: string;
  version: string;
  version_number: number;
  cause: Cause;
  from_status: string;
  to_status: string;
  reason: string;
  actor: string;
  time: string;
}

export type UnknownCategory = 'ignore' | 'error';

export interface Variant {
  name: string;
  /** Of the users, 0 to 1; those of a test sum to 1 */
  share: ApiNumber;
  model_id: string;
  model_version: string;
}

export interface VariantReport {
  name: string;
  users: number;
  interactions: number;
  throughput_rps: ApiNumber;
}

export interface Verdict {
  decision: Decision;
  variant: string;
  reason: string;
}

export type Verdict2 = 'none' | 'success' | 'failure' | 'inconclusive';

export interface WhoAmI {
  actor: string;
  kind: string;
  auth_method: string;
  project_id: string;
  permissions: string[];
}
