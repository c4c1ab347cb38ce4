// SPDX-License-Identifier: MIT
// The records of the API that the page shows: as the OpenAPI document has them (schema.ts), with the free documents
// given the shape that the page relies on.
import type * as api from './schema';

export interface Page<T> {
  items: T[];
  next_page_token?: string | null;
  /** Of all pages, where the list knows. */
  total?: number;
}

export type Document = Record<string, unknown>;

type Refined<T, Fields> = Omit<T, keyof Fields> & Fields;

export type Experiment = api.Experiment;
export type Tag = api.Tag;
export type Run = Refined<api.Run, { params: Document; config?: Document; final_metrics?: Document }>;
export type Series = api.Series;
export type Artifact = api.ArtifactInfo;
export type Model = api.Model;
export type ModelVersion = Refined<api.ModelVersion, { hyperparameters?: Document | null }>;
export type Transition = api.Transition;
export type ModelHealth = api.ModelHealth;
export type Alert = api.Alert;
export type Threshold = api.Threshold;
export type MetricBucket = api.Bucket;
export type BucketList = api.BucketList;
export type Prediction = api.Prediction;
export type Tile = api.Tile;
export type Overview = api.Overview;
export type AuditEntry = api.Entry;
export type Who = api.WhoAmI;

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
