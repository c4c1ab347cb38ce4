// SPDX-License-Identifier: MIT
// Made by scripts/gen-types.mjs from /openapi.json. Do not edit: change the C++ type and make it again.
import type { ApiNumber } from '../lib/format';

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
}

export type IssueType = 'missing_values' | 'outliers' | 'duplicates' | 'schema_mismatch' | 'data_drift';

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

export interface Tag {
  key: string;
  value: string;
}

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

export interface WhoAmI {
  actor: string;
  kind: string;
  auth_method: string;
  project_id: string;
  permissions: string[];
}
