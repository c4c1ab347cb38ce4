// SPDX-License-Identifier: MIT
// The records of the API that the page shows.
import type { ApiNumber } from '../lib/format';

export interface Page<T> {
  items: T[];
  next_page_token?: string;
  /** Of all pages, where the list knows. */
  total?: number;
}

export type Document = Record<string, unknown>;

export interface Experiment {
  experiment_id: number;
  name: string;
  description?: string;
  run_count?: number;
  running_count?: number;
  created_at?: string;
  updated_at?: string;
}

export interface Tag {
  key: string;
  value: string;
}

export interface Run {
  run_id: string;
  experiment_id: number;
  experiment_name: string;
  name: string;
  description?: string;
  notes?: string;
  status: string;
  model_type?: string;
  framework?: string;
  algorithm?: string;
  dataset_name?: string;
  dataset_version?: string;
  created_by?: string;
  created_at: string;
  started_at?: string | null;
  completed_at?: string | null;
  tags: Tag[];
  params: Document;
  metrics: Record<string, ApiNumber>;
  parent_run_id?: string | null;
  config?: Document;
  final_metrics?: Document;
  deleted_at?: string | null;
}

/** A metric of a run in columns of equal length. */
export interface Series {
  run_id: string;
  key: string;
  steps: number[];
  times: string[];
  values: ApiNumber[];
  total_points: number;
}

export interface Artifact {
  artifact_id: string;
  path: string;
  name: string;
  artifact_type?: string;
  size_bytes: number;
  digest?: string;
  created_at?: string;
}

export interface Model {
  model_id: string;
  name: string;
  description?: string;
  model_type?: string;
  framework?: string;
  latest_version?: string;
  production_version?: string | null;
  version_count?: number;
  created_at?: string;
  updated_at?: string;
}

export interface ModelVersion {
  model_id: string;
  version: string;
  version_number?: number;
  name?: string;
  description?: string;
  status: string;
  model_type?: string;
  framework?: string;
  accuracy?: ApiNumber | null;
  precision?: ApiNumber | null;
  recall?: ApiNumber | null;
  f1_score?: ApiNumber | null;
  confidence_score?: ApiNumber | null;
  hyperparameters?: Document;
  feature_columns?: string[];
  training_data_hash?: string;
  training_duration_seconds?: ApiNumber;
  prediction_count?: number;
  average_inference_time_ms?: ApiNumber;
  error_rate?: ApiNumber;
  created_at: string;
  updated_at?: string;
  created_by?: string;
  servable: boolean;
  not_servable_reason: string;
  warnings: string[];
  requirements: string[];
  files: ModelFile[];
  revision: number;
  pipeline_run_id?: string | null;
  run_id?: string | null;
}

export interface ModelFile {
  name: string;
  role: string;
  digest: string;
  size_bytes: number;
}

/** How a version came to its stage. */
export interface Transition {
  transition_id: number;
  version: string;
  cause: string;
  from_status: string;
  to_status: string;
  reason: string;
  actor: string;
  time: string;
}

export interface Schema {
  schema_id: string;
  name: string;
  version: string;
  description?: string;
  columns: Record<string, Document>;
  validation_rules?: Document[];
  created_at?: string;
  created_by?: string;
}

export interface QualityIssue {
  type: string;
  severity: string;
  description: string;
  columns: string[];
  count: number;
}

export interface QualityReport {
  report_id: string;
  schema_id: string;
  dataset_hash?: string;
  total_rows: number;
  total_columns: number;
  missing_value_percentage: number;
  duplicate_rows: number;
  quality_score: number;
  issues: QualityIssue[];
  /** Left out in lists. */
  column_stats?: Record<string, Document> | null;
  created_at?: string;
  status: string;
  error_message?: string | null;
}

export interface FeatureConfig {
  config_id: string;
  name: string;
  numeric_features?: string[];
  categorical_features?: string[];
  text_features?: string[];
  scaling_method?: string;
  encoding_method?: string;
  created_at?: string;
}

export interface PipelineRun {
  run_id: string;
  pipeline_id: string;
  status: string;
  trigger_type?: string;
  schema_id?: string;
  feature_config_id?: string;
  quality_report_id?: string | null;
  data_quality_score?: number;
  input_rows?: number;
  output_rows?: number;
  feature_count?: number;
  input_data_hash?: string;
  output_data_hash?: string | null;
  processing_steps?: string[];
  processing_logs?: string[];
  processing_time_seconds?: number;
  progress?: number;
  error_message?: string | null;
  created_at: string;
  started_at?: string | null;
  completed_at?: string | null;
}

export interface ModelHealth {
  model_id: string;
  model_version?: string;
  overall_health: string;
  health_score: number;
  current_metrics?: Record<string, ApiNumber>;
  active_alerts?: string[];
  predictions_last_hour?: number;
  average_latency_ms?: number;
  error_rate_last_hour?: number;
  memory_usage_mb?: number;
  cpu_usage_percent?: number;
  last_prediction?: string | null;
  last_updated?: string;
}

export interface Alert {
  alert_id: string;
  threshold_id?: string;
  model_id: string;
  metric_name: string;
  severity: string;
  message: string;
  current_value?: ApiNumber;
  threshold_value?: ApiNumber;
  is_resolved: boolean;
  acknowledged: boolean;
  acknowledged_by?: string | null;
  acknowledged_at?: string | null;
  created_at: string;
  resolved_at?: string | null;
}

export interface Threshold {
  threshold_id: string;
  model_id?: string;
  metric_name: string;
  operator: string;
  warning_threshold?: number | null;
  critical_threshold?: number | null;
  evaluation_window_minutes?: number;
  minimum_samples?: number;
  description?: string;
}

/** The values of one stretch of time; stretches without values are left out. */
export interface MetricBucket {
  time: string;
  count: number;
  per_second: number;
  mean?: ApiNumber | null;
  min?: ApiNumber | null;
  max?: ApiNumber | null;
  p50?: ApiNumber | null;
  p95?: ApiNumber | null;
  p99?: ApiNumber | null;
}

export interface BucketList {
  bucket_seconds: number;
  items: MetricBucket[];
}

export interface Prediction {
  prediction_id: string;
  request_id: string;
  model_id: string;
  model_version: string;
  time: string;
  latency_ms: ApiNumber;
  success: boolean;
  error?: string | null;
  confidence_score?: ApiNumber | null;
  inputs?: unknown;
  outputs?: unknown;
}

export interface Tile {
  key: string;
  label: string;
  value?: ApiNumber | null;
  unit: string;
  delta?: ApiNumber | null;
  delta_against: string;
  series: (ApiNumber | null)[];
}

export interface Attention {
  time?: string | null;
  severity: string;
  message: string;
  object_type: string;
  object_id: string;
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

export interface Overview {
  model_performance: Tile[];
  system: Tile[];
  data_quality: Tile[];
  operations: Tile[];
  attention: Attention[];
  production: InProduction[];
  activity: Activity[];
}

export interface AuditEntry {
  entry_id: string;
  sequence?: number | null;
  time: string;
  actor: string;
  actor_kind?: string;
  auth_method?: string;
  client_address?: string;
  action: string;
  object_type: string;
  object_id: string;
  reason?: string;
  request_id?: string;
  delta?: unknown;
  leaf_hash?: string;
}
