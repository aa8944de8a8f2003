// A service for tests: every route answers what the test says, and remembers what it was asked.
import { Api } from '../src/lib/api';
import { Studio } from '../src/lib/studio.svelte';
import type { Clip } from '../src/lib/types';

export interface Asked {
  route: string;
  body: unknown;
  headers: Headers;
}

export const clip = (id: string, more: Partial<Clip> = {}): Clip => ({
  id, state: 'queued', progress: 0, stage: null, queue_position: null, eta_seconds: null, error: null, spec: { prompt: `prompt of ${id}`, picture: 'a1' },
  priority: 0, batch: null, attempt: 0, cancel_requested: false, favourite: false, deleted: false, created_at: null, started_at: null, finished_at: null, output: null, result: null, ...more,
});

export const estimate = { engine: 'animatic', width: 912, height: 512, frames: 16, fps: '8', duration: 2, seconds: 3, bytes: 5e5, fits: true, memory_bytes: 4e8, free_memory_bytes: 8e9, remedies: [], notes: [] };

export function mocked(answers: Record<string, unknown | ((body: never) => unknown)>) {
  const asked: Asked[] = [];
  const api = new Api((async (input: string, init: RequestInit) => {
    const route = `${init.method} ${input.split('?')[0]}`;
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : init.body;
    asked.push({ route, body, headers: new Headers(init.headers) });
    const known = answers[route];
    const answer = typeof known === 'function' ? (known as (body: unknown) => unknown)(body) : known;
    if (answer instanceof Response) return answer;
    if (answer instanceof Error) throw answer;
    if (answer === undefined) return problem(404, 'not_found', `no ${route}`);
    return new Response(JSON.stringify(answer), { status: 200 });
  }) as typeof fetch);
  return { api, asked, studio: new Studio(api), of: (route: string) => asked.filter((one) => one.route === route) };
}

export const problem = (status: number, code: string, detail: string, field?: string) =>
  new Response(JSON.stringify({ type: 'about:blank', title: code, status, detail, code, field }), { status });
