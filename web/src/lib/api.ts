// The service's routes. Every failure is an ApiError that a person can be told about.
import type {
  Asset, Clip, ClipList, ClipSpec, Engine, Estimate, LogLine, Model, Plan, Preset, Problem, Pull, QueueFacts, Session, SystemFacts,
} from './types';

export class ApiError extends Error {
  constructor(
    /** 0: no answer at all. */
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly field?: string,
  ) {
    super(detail);
  }
  get offline(): boolean {
    return this.status === 0;
  }
}

/** Fields of the spec (null: back to the default), and before, after, favourite, deleted. */
export type ClipChange = Record<string, unknown>;

async function problem_of(response: Response): Promise<ApiError> {
  try {
    const problem = (await response.json()) as Partial<Problem>;
    return new ApiError(response.status, problem.code ?? '', problem.detail ?? problem.title ?? '', problem.field);
  } catch {
    return new ApiError(response.status, '', response.statusText);
  }
}

export class Api {
  /** Called when a request was refused for want of a token. */
  on_locked_out: () => void = () => {};

  constructor(private readonly send: typeof fetch = (input, init) => fetch(input, init)) {}

  private async ask(method: string, path: string, body?: BodyInit | object, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    let payload: BodyInit | undefined;
    if (body instanceof FormData) payload = body;
    else if (body !== undefined) {
      headers.set('Content-Type', 'application/json');
      payload = JSON.stringify(body);
    }
    let response: Response;
    try {
      response = await this.send(path, { ...init, method, headers, body: payload, credentials: 'same-origin' });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new ApiError(0, 'offline', 'no answer from stillreel');
    }
    if (response.ok) return response;
    const failure = await problem_of(response);
    if (failure.status === 401 && path !== '/v1/session') this.on_locked_out();
    throw failure;
  }

  private async json<T>(method: string, path: string, body?: BodyInit | object, init?: RequestInit): Promise<T> {
    return (await (await this.ask(method, path, body, init)).json()) as T;
  }

  session = () => this.json<Session>('GET', '/v1/session');
  log_in = (token: string) => this.ask('POST', '/v1/session', { token }).then(() => {});
  log_out = () => this.ask('DELETE', '/v1/session').then(() => {});

  upload(file: Blob, name: string): Promise<Asset> {
    const form = new FormData();
    form.append('file', file, name);
    return this.json('POST', '/v1/assets', form);
  }
  assets = async () => (await this.json<{ assets: Asset[] }>('GET', '/v1/assets')).assets;
  asset = (id: string) => this.json<Asset>('GET', `/v1/assets/${encodeURIComponent(id)}`);

  plan = (prompt: string, duration: number | undefined, aspect: string | undefined, signal?: AbortSignal) =>
    this.json<Plan>('POST', '/v1/plan', { prompt, ...(duration && { duration }), ...(aspect && { aspect }) }, { signal });
  estimate = (spec: ClipSpec, signal?: AbortSignal) => this.json<Estimate>('POST', '/v1/estimate', spec, { signal });
  preview = async (spec: ClipSpec, signal?: AbortSignal) =>
    (await this.ask('POST', '/v1/previews', spec, { signal })).blob();

  create = (spec: ClipSpec, key: string) =>
    this.json<Clip>('POST', '/v1/clips', spec, { headers: { 'Idempotency-Key': key } });
  create_many = (clips: ClipSpec[], same_seed: boolean, key: string) =>
    this.json<{ batch: string; clips: Clip[] }>('POST', '/v1/batches', { clips, same_seed },
      { headers: { 'Idempotency-Key': key } });
  create_sheet(sheet: string, options: { spec: ClipSpec; same_seed: boolean }, key: string): Promise<{ batch: string; clips: Clip[] }> {
    const form = new FormData();
    form.append('sheet', new Blob([sheet], { type: 'text/csv' }), 'sheet.csv');
    form.append('options', JSON.stringify(options));
    return this.json('POST', '/v1/batches', form, { headers: { 'Idempotency-Key': key } });
  }
  clips(query: Record<string, string>): Promise<ClipList> {
    return this.json('GET', `/v1/clips?${new URLSearchParams(query)}`);
  }
  change = (id: string, change: ClipChange) => this.json<Clip>('PATCH', `/v1/clips/${id}`, change);
  remove = (id: string) => this.ask('DELETE', `/v1/clips/${id}`).then(() => {});
  cancel = (id: string, keep_partial: boolean) => this.json<Clip>('POST', `/v1/clips/${id}/cancel`, { keep_partial });
  retry = (id: string) => this.json<Clip>('POST', `/v1/clips/${id}/retry`);
  duplicate = (id: string) => this.json<Clip>('POST', `/v1/clips/${id}/duplicate`);
  frame = async (id: string, n: number) => (await this.ask('GET', `/v1/clips/${id}/frame/${n}`)).blob();

  recipe(file: File): Promise<Record<string, unknown>> {
    const form = new FormData();
    form.append('file', file, file.name);
    return this.json('POST', '/v1/recipes', form);
  }
  queue = () => this.json<QueueFacts>('GET', '/v1/queue');
  pause = () => this.json<QueueFacts>('POST', '/v1/queue/pause');
  resume = () => this.json<QueueFacts>('POST', '/v1/queue/resume');
  presets = async () => (await this.json<{ presets: Preset[] }>('GET', '/v1/presets')).presets;
  engines = async () => (await this.json<{ engines: Engine[] }>('GET', '/v1/engines')).engines;
  models = async () => (await this.json<{ models: Model[] }>('GET', '/v1/models')).models;
  pulls = async () => (await this.json<{ pulls: Pull[] }>('GET', '/v1/models/pulls')).pulls;
  pull = (model: string) => this.json<Pull>('POST', '/v1/models/pulls', { model });
  cancel_pull = (id: string) => this.json<Pull>('POST', `/v1/models/pulls/${encodeURIComponent(id)}/cancel`);
  log = async (id: string) => (await this.json<{ lines: LogLine[] }>('GET', `/v1/clips/${encodeURIComponent(id)}/log`)).lines;
  /** The names of the ClipSpec's fields, as the service's own description has them. */
  clip_fields = async () => {
    const { components } = await this.json<{ components: { schemas: { ClipSpec: { properties: object } } } }>('GET', '/openapi.json');
    return Object.keys(components.schemas.ClipSpec.properties);
  };
  system = () => this.json<SystemFacts>('GET', '/v1/system');
}

export const content_url = (id: string) => `/v1/clips/${encodeURIComponent(id)}/content`;
export const download_url = (id: string) => `${content_url(id)}?download=1`;
export const asset_thumbnail_url = (id: string) => `/v1/assets/${encodeURIComponent(id)}/thumbnail`;
export const strip_url = (id: string) => `/v1/clips/${encodeURIComponent(id)}/strip`;
/** A clip shows its own first frame when it is done, what there is of it while it is made, its picture before. */
export function thumbnail_url(clip: Clip): string {
  if (clip.state === 'running' && clip.progress_picture) return clip.progress_picture;
  if (clip.state === 'completed') return `/v1/clips/${encodeURIComponent(clip.id)}/thumbnail`;
  return clip.spec?.picture ? asset_thumbnail_url(clip.spec.picture) : '';
}
