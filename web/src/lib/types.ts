// What the service says and hears: the schemas of /openapi.json that the page uses.

export interface Problem {
  title: string;
  status: number;
  detail: string;
  code: string;
  field?: string;
}

export interface Asset {
  id: string;
  name: string;
  width: number;
  height: number;
  sha256?: string;
}

export interface ClipSpec {
  picture?: string;
  prompt?: string;
  negative_prompt?: string;
  engine?: string;
  model?: string;
  preset?: string;
  size?: number | string;
  width?: number;
  height?: number;
  aspect?: string;
  frames?: number;
  duration?: number;
  fps?: number | string;
  steps?: number;
  guidance?: number;
  seed?: number;
  fit?: string;
  focus?: string;
  loop?: string;
  quality?: string;
  auto_fit?: boolean;
  [other: string]: unknown;
}

export type State = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';

export interface Clip {
  id: string;
  state: State;
  /** 0 to 1; 1 only when completed. */
  progress: number;
  stage: string | null;
  queue_position: number | null;
  eta_seconds: number | null;
  error: { code: string; message: string } | null;
  spec: ClipSpec | null;
  engine?: string;
  width?: number;
  height?: number;
  frames?: number;
  priority: number;
  batch: string | null;
  attempt: number;
  cancel_requested: boolean;
  favourite: boolean;
  deleted: boolean;
  created_at: string | null;
  started_at: string | null;
  finished_at: string | null;
  output: string | null;
  /** What the clip under way looks like so far; another address when it changed. */
  progress_picture?: string | null;
  result: Record<string, unknown> | null;
}

export interface ClipList {
  clips: Clip[];
  next_before: string | null;
}

export type Reading = 'rendered' | 'scene' | 'style' | 'not_rendered' | 'not_understood';

export interface Phrase {
  text: string;
  reading: Reading;
  meaning: string;
}

export interface Lint {
  rule: string;
  message: string;
  suggestion: string;
}

export interface Plan {
  phrases: Phrase[];
  lint: Lint[];
  notes: string[];
}

export interface Estimate {
  engine: string;
  width: number;
  height: number;
  frames: number;
  fps: string;
  duration: number;
  /** To make it, on this machine. */
  seconds: number;
  /** Of the file. */
  bytes: number;
  fits: boolean;
  memory_bytes: number | null;
  free_memory_bytes: number | null;
  remedies: string[];
  notes: string[];
}

export interface Preset {
  name: string;
  purpose: string;
  size: number;
  frames: number;
  fps: string;
  duration: number;
  steps: number;
  guidance: number;
}

export interface Engine {
  name: string;
  purpose: string;
  available: boolean;
  /** Empty or null: it is available. */
  reason: string | null;
  limits: Record<string, number>;
  /** Fields of the ClipSpec that it obeys beside those that every engine does. */
  knobs?: string[];
}

export interface Model {
  name: string;
  [fact: string]: unknown;
}

export interface Pull {
  id: string;
  model: string;
  state: State;
  /** 0 to 1. */
  progress: number;
  file: string | null;
  bytes: number | null;
  total_bytes: number | null;
  eta_seconds: number | null;
  error: { code: string; message: string } | null;
}

export interface QueueFacts {
  paused: boolean;
  clips: Record<string, number>;
  workers: { name: string; lane: string; process_id: number }[];
}

export interface SystemFacts {
  version: string;
  disk_free_bytes: number;
  disk_total_bytes?: number;
  memory_free_bytes?: number;
  memory_total_bytes?: number;
  threads?: number;
  uptime_seconds?: number;
  workers?: { lane: string; process_id: number; started_at: string | null }[];
  listeners: number;
  worker_ready: boolean;
}

export interface LogLine {
  at: string;
  level: 'debug' | 'info' | 'warning' | 'error';
  text: string;
}

export interface Session {
  token_needed: boolean;
  logged_in: boolean;
}
