// SPDX-License-Identifier: MIT
// The one place that speaks HTTP. Same origin, JSON, a token where there is one, a typed error where it fails.
import { buildQuery, type QueryValue } from '../lib/url';
import { session } from './session.svelte';

/** What went wrong, with the server's own code and request id. Status 0: no answer at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field?: string,
    readonly requestId?: string,
  ) {
    super(message);
  }
}

interface ErrorBody {
  error?: { code?: string; message?: string; field?: string; request_id?: string };
}

const timeoutMs = 30_000;

async function failure(response: Response): Promise<ApiError> {
  let body: ErrorBody = {};
  try {
    body = (await response.json()) as ErrorBody;
  } catch {
    // An answer without JSON, as from a proxy in between: the status says what there is to say.
  }
  const error = body.error ?? {};
  return new ApiError(
    response.status,
    error.code ?? `http_${response.status}`,
    error.message ?? `The server answered with status ${response.status}.`,
    error.field,
    error.request_id ?? response.headers.get('x-request-id') ?? undefined,
  );
}

export async function request(path: string, init: RequestInit = {}, limitMs = timeoutMs): Promise<Response> {
  const headers = new Headers(init.headers);
  if (session.token) headers.set('Authorization', `Bearer ${session.token}`);
  const signals = [init.signal, limitMs ? AbortSignal.timeout(limitMs) : undefined].filter((one) => one != null);
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers, signal: signals.length ? AbortSignal.any(signals) : undefined });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
    throw new ApiError(
      0,
      timedOut ? 'timeout' : 'unreachable',
      timedOut ? 'The server took longer than 30 seconds to answer.' : 'The server does not answer.',
    );
  }
  if (response.status === 401) session.refused();
  if (!response.ok) throw await failure(response);
  return response;
}

export async function get<T>(path: string, query: Record<string, QueryValue> = {}, signal?: AbortSignal): Promise<T> {
  const response = await request(path + buildQuery(query), { signal });
  return (await response.json()) as T;
}

function idempotencyKey(): string {
  // crypto.randomUUID exists on https and loopback only.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Sends a change, with a key of its own so that the server takes it once. */
export async function send<T>(method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { 'Idempotency-Key': idempotencyKey() };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const response = await request(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** The first `limit` bytes of a content address, for previews. */
export async function getBytes(path: string, limit?: number, signal?: AbortSignal): Promise<Blob> {
  const headers: Record<string, string> = limit ? { Range: `bytes=0-${limit - 1}` } : {};
  return (await request(path, { headers, signal }, 0)).blob();
}

/** Hands bytes to the browser's download. */
export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** What to tell a reader about a failure, whoever threw it. */
export function explain(error: unknown): string {
  if (error instanceof ApiError) {
    return error.requestId ? `${error.message} (request ${error.requestId})` : error.message;
  }
  return error instanceof Error ? error.message : String(error);
}
