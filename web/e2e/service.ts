// The built `stillreel serve`, started, asked, and killed as in real life.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Asset, Clip, ClipList, ClipSpec, QueueFacts } from '../src/lib/types';

export const TREE = fileURLToPath(new URL('../..', import.meta.url));
const BINARY = process.env.STILLREEL_BINARY ?? join(TREE, 'build/release/bin/stillreel');

export const picture_file = (name: string) => join(TREE, 'examples', name);

export const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Asks again until it is so; says what it waited for where it never is. */
export async function until(what: string, is_so: () => Promise<boolean> | boolean, at_most_ms = 30_000): Promise<void> {
  for (const end = Date.now() + at_most_ms; !(await is_so()); await pause(50))
    if (Date.now() > end) throw new Error(`waited ${at_most_ms / 1000} s in vain until ${what}`);
}

function is_alive(process_id: number): boolean {
  try {
    process.kill(process_id, 0);
    // A zombie is dead; its parent has not asked yet.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${process_id}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

export class Service {
  readonly home = mkdtempSync(join(tmpdir(), 'stillreel-page-'));
  port = 0;
  private child: ChildProcess | undefined;

  private constructor(private readonly token: string) {}

  static async start(token = ''): Promise<Service> {
    const service = new Service(token);
    await service.start_again();
    return service;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** On the port that it had. */
  async start_again(): Promise<void> {
    const child = spawn(BINARY, ['serve', '--port', String(this.port)], {
      cwd: this.home, stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, STILLREEL_HOME: this.home, STILLREEL_OUTPUTS: '', STILLREEL_CONFIG: '', STILLREEL_TOKEN: this.token,
        XDG_CONFIG_HOME: join(this.home, 'config'), HF_HOME: join(this.home, 'hf'), HF_HUB_CACHE: '' },
    });
    let said = '';
    child.stdout.on('data', (text) => (said += text));
    child.stderr.on('data', (text) => (said += text));
    this.child = child;
    await until(`stillreel serve listens; it said: ${said}`, () => {
      if (child.exitCode !== null) throw new Error(`stillreel serve ended: ${said}`);
      return /Ctrl-C/.test(said);
    });
    this.port = Number(/listens on http:\/\/localhost:(\d+)/.exec(said)?.[1]);
  }

  /** Server and workers at once, with a signal that none of them hears. */
  async kill_everything(): Promise<void> {
    const workers = (await this.queue()).workers.map((worker) => worker.process_id);
    // A worker whose server dies first would still put its clip back: nobody is left the time for that.
    const all = [...workers, this.child?.pid ?? 0];
    for (const one of all) process.kill(one, 'SIGKILL');
    await until('all are dead', () => !all.some(is_alive));
    this.child = undefined;
  }

  async stop(): Promise<void> {
    const child = this.child;
    if (child && child.exitCode === null) {
      child.kill('SIGINT');
      await until('stillreel serve has ended', () => child.exitCode !== null || child.signalCode !== null);
    }
    rmSync(this.home, { recursive: true, force: true });
  }

  private async ask<T>(method: string, path: string, body?: FormData | object): Promise<T> {
    const headers: Record<string, string> = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    if (body && !(body instanceof FormData)) headers['Content-Type'] = 'application/json';
    const answer = await fetch(this.url + path, { method, headers, body: body instanceof FormData ? body : JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async upload(name: string): Promise<Asset> {
    const form = new FormData();
    form.append('file', new Blob([readFileSync(picture_file(name))]), name);
    return this.ask('POST', '/v1/assets', form);
  }
  create = (spec: ClipSpec) => this.ask<Clip>('POST', '/v1/clips', spec);
  clips = async (query = '') => (await this.ask<ClipList>('GET', `/v1/clips${query}`)).clips;
  queue = () => this.ask<QueueFacts>('GET', '/v1/queue');
  pause_queue = () => this.ask<QueueFacts>('POST', '/v1/queue/pause');
  waiting = () => this.clips('?state=queued&order=queue');

  async all_finished(count: number): Promise<Clip[]> {
    await until(`${count} clips are finished`, async () => (await this.clips('?state=completed')).length >= count, 60_000);
    return this.clips('?state=completed');
  }
}

export interface Film {
  codec: string;
  width: number;
  height: number;
  frames: number;
}

/** What another program reads in a file. */
export function film_of(file: string): Film {
  const text = execFileSync('ffprobe', ['-v', 'error', '-count_frames', '-select_streams', 'v', '-of', 'json',
    '-show_entries', 'format=format_name:stream=codec_name,width,height,nb_read_frames', file], { encoding: 'utf8' });
  const [stream] = (JSON.parse(text) as { streams: { codec_name: string; width: number; height: number; nb_read_frames: string }[] }).streams;
  if (!stream) throw new Error(`${file} holds no film`);
  return { codec: stream.codec_name, width: stream.width, height: stream.height, frames: Number(stream.nb_read_frames) };
}
