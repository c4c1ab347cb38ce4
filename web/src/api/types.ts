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
export type Schema = Refined<api.Schema, { columns: Record<string, Document>; validation_rules: Document[] }>;
export type QualityIssue = api.QualityIssue;
/** In lists without column_stats. */
export type QualityReport = Refined<api.QualityReport, { column_stats?: Record<string, Document> | null }>;
export type Deployment = api.Deployment;
export type DeploymentEvent = api.Event;
export type DeploymentTraffic = api.DeploymentTraffic;
export type GateQuestion = api.GateQuestion;
export type Replica = api.Replica;
export type AbTest = api.AbTest;
export type AbReport = api.Report;
export type AbMetric = api.MetricReport;
export type AbLook = api.Look;
export type PlannedSize = api.PlannedSize;
export type FeatureConfig = api.FeatureConfig;
export type PipelineRun = api.PipelineRun;
