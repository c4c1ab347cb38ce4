// SPDX-License-Identifier: MIT
// A server with something on every page: long names, every status, a report and a pipeline run done by its worker.
import { call, eventually, logRun } from './harness.mjs';
import { becomes, createTest, deploy, logUsers, predict, registerModel } from './rollouts.mjs';

const workMsMax = 60_000;
const long = 'a name that is much longer than any place there is for it on a small screen';

/** 100 samples, some without a concentration, one with a text for a number. */
function samples() {
  const rows = ['sample_id,sample_type,concentration'];
  for (let index = 0; index < 100; index += 1) rows.push(`s${index},${index % 3 ? 'DNA' : 'RNA'},${index % 20 === 0 ? '' : index === 7 ? 'n/a?' : (20 + (index % 37) / 3).toFixed(2)}`);
  return `${rows.join('\n')}\n`;
}

async function put(server, path, type, body) {
  const response = await fetch(server.url + path, { method: 'PUT', headers: { 'Content-Type': type }, body });
  if (!response.ok) throw new Error(`PUT ${path} answered ${response.status}`);
  return response.json();
}

async function trackingOf(server) {
  const { experiment_id: experiment } = await call(server, 'POST', '/api/v1/experiments', { name: long, description: long });
  const runs = [];
  for (const [index, name] of ['first', long, 'third'].entries()) {
    const run = {
      name,
      experiment_id: experiment,
      parent_run_id: index ? runs[0] : undefined,
      params: { depth: index + 2, solver: 'lbfgs' },
      model_type: 'classifier',
      config: { python_version: '3.12.4', requirements: ['numpy==1.26.4'], train_split: 0.8 },
      tags: [{ key: 'team', value: 'assay' }],
    };
    runs.push(await logRun(server, run));
  }
  await call(server, 'PATCH', `/api/v1/runs/${runs[0]}`, { status: 'completed', notes: 'plate 3 was warm' });
  await call(server, 'PATCH', `/api/v1/runs/${runs[1]}`, { status: 'failed' });
  await put(server, `/api/v1/runs/${runs[0]}/artifacts?path=confusion.csv`, 'text/csv', 'actual,benign\nbenign,70\n');
  return { experiment, runs };
}

async function modelOf(server, run) {
  const model = 'sample quality';
  const address = `/api/v1/models/${encodeURIComponent(model)}`;
  const { artifact_id: file } = await put(server, '/api/v1/uploads?name=model.pkl', 'application/octet-stream', 'bytes');
  const tensor = (name, columns) => ({ name, datatype: 'FP64', shape: [-1, columns] });
  const version = {
    name: 'Sample quality',
    model_type: 'classifier',
    framework: 'scikit-learn',
    run_id: run,
    feature_columns: ['concentration'],
    requirements: ['numpy==1.26.4'],
    signature: { inputs: [tensor('input', 1)], outputs: [tensor('probabilities', 2)] },
    hyperparameters: { depth: 2 },
    not_servable_reason: 'no ONNX form',
  };
  await call(server, 'POST', `${address}/versions`, { ...version, version: '1.0.0', accuracy: 0.951, files: [{ name: 'model.pkl', artifact_id: file }] });
  await call(server, 'POST', `${address}/versions/1.0.0/promote`, { to_status: 'production', reason: 'the first' });
  await call(server, 'POST', `${address}/versions`, { ...version, version: '1.1.0', accuracy: 0.974 });
  const predictions = Array.from({ length: 60 }, (_, index) => ({
    request_id: `request-${index}`,
    model_id: model,
    model_version: '1.0.0',
    latency_ms: 40 + index,
    success: index % 20 !== 0,
    confidence_score: 0.9,
  }));
  await call(server, 'POST', '/api/v1/thresholds', { model_id: model, metric_name: 'prediction_latency', warning_threshold: 1, operator: 'gt', evaluation_window_minutes: 60, minimum_samples: 5 });
  await call(server, 'POST', '/api/v1/predictions', { predictions });
  return model;
}

async function dataOf(server) {
  await call(server, 'POST', '/api/v1/schemas', {
    schema_id: 'samples',
    name: 'Samples',
    columns: { sample_id: { type: 'string', nullable: false }, sample_type: { type: 'string', allowed_values: ['DNA', 'RNA'] }, concentration: { type: 'float', min: 0, max: 1000 } },
    validation_rules: [{ rule: 'comparison', left: 'concentration', op: '<', value: 500 }],
  });
  await call(server, 'POST', '/api/v1/feature-configs', { config_id: 'plain', name: long, numeric_features: ['concentration'], categorical_features: ['sample_type'] });
  const upload = async () => (await put(server, '/api/v1/uploads?name=samples.csv', 'text/csv', samples())).artifact_id;
  const report = (await call(server, 'POST', '/api/v1/quality-reports', { schema_id: 'samples', upload_id: await upload() })).report_id;
  const pipeline = (await call(server, 'POST', '/api/v1/pipeline-runs', { pipeline_id: long, schema_id: 'samples', feature_config_id: 'plain', upload_id: await upload() })).run_id;
  const done = async (path) => (await call(server, 'GET', path)).status === 'completed';
  await eventually('the report being done', () => done(`/api/v1/quality-reports/${report}`), workMsMax);
  await eventually('the pipeline run being done', () => done(`/api/v1/pipeline-runs/${pipeline}`), workMsMax);
  return { report, pipeline };
}

/** A deployment that is watched and a canary that is judged; a test with users, one that is only planned. */
async function rolloutsOf(server) {
  await registerModel(server);
  await deploy(server, { deployment_id: 'stable', model_version: '1.0.0', strategy: 'immediate', description: long });
  const { endpoint_url: url } = await becomes(server, 'stable', 'deployed', (found) => found.status === 'deployed');
  await deploy(server, { deployment_id: 'canary', model_version: '1.1.0', strategy: 'canary', canary_steps: [25, 50, 75], canary_step_minutes: 60 });
  await becomes(server, 'canary', 'judged', (found) => found.phase === 'analysing');
  await predict(url, 30);
  await createTest(server, 'planned', { name: long, description: long });
  await createTest(server, 'running', {}, { variants: [{ name: 'control', share: 0.4 }, { name: 'b', share: 0.3 }, { name: long, share: 0.3 }] });
  await call(server, 'POST', '/api/v1/abtests/running/start', { reason: 'begin' });
  await logUsers(server, 'running', 600, { control: 0.3, b: 0.32, [long]: 0.4 }, { first: 0.4 });
}

export async function seed(server) {
  const { experiment, runs } = await trackingOf(server);
  const model = await modelOf(server, runs[0]);
  const { report, pipeline } = await dataOf(server);
  await rolloutsOf(server);
  await eventually('the alert', async () => (await call(server, 'GET', '/api/v1/alerts')).items.length, workMsMax);
  return { experiment, runs, model, report, pipeline };
}

/** The address of every kind of page of a seeded server. */
export function everyPage({ experiment, runs, model, report, pipeline }) {
  const id = encodeURIComponent(model);
  return [
    '/',
    '/experiments',
    '/runs',
    `/experiments/${experiment}?view=charts`,
    `/runs?selected=${runs.slice(0, 2)}`,
    `/runs/${runs[0]}`,
    `/runs/${runs[1]}?tab=artifacts`,
    `/runs/${runs[0]}?tab=artifacts`,
    `/runs/${runs[0]}?tab=code`,
    `/compare?runs=${runs}`,
    `/compare?runs=${runs}&tab=charts`,
    '/models',
    `/models/${id}`,
    '/deployments',
    '/deployments/stable',
    '/deployments/canary',
    '/abtests',
    '/abtests/planned',
    '/abtests/running?planner=1',
    '/data',
    '/data?tab=quality',
    '/data?tab=schemas',
    '/data?tab=features',
    `/data/quality/${report}`,
    `/data/pipelines/${pipeline}`,
    '/data/schemas/samples',
    '/monitoring',
    `/monitoring/${id}`,
    '/audit',
  ];
}
