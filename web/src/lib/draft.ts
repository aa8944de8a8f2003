// What is being made on the Create page. It is kept in the browser, so that a reload loses nothing.
import type { Asset, ClipSpec } from './types';

export interface DraftPicture extends Asset {
  /** The point that the crop keeps, as fractions; none: stillreel finds the subject. */
  focus: { x: number; y: number } | null;
  /** Its own words; none: those of the draft. */
  prompt?: string;
}

export interface Draft {
  pictures: DraftPicture[];
  chosen: number;
  prompt: string;
  negative_prompt: string;
  engine: string;
  preset: string;
  aspect: string;
  fit: 'cover' | 'contain';
  loop: 'none' | 'pingpong' | 'seamless';
  quality: 'standard' | 'high';
  size: number | null;
  duration: number | null;
  fps: number | null;
  steps: number | null;
  guidance: number | null;
  seed: number;
  seed_locked: boolean;
  /** Fields of the ClipSpec that have no place of their own here: knobs of one engine, and what came with a clip. */
  extra: Record<string, unknown>;
}

/** Knobs whose cost is worth showing. */
export const COST_KNOBS = ['size', 'duration', 'fps', 'steps', 'guidance'] as const;
export type CostKnob = (typeof COST_KNOBS)[number];

/** Short enough to be read aloud over a radio; the service takes any up to 2^53 - 1. */
export const new_seed = () => Math.floor(Math.random() * 1_000_000);

export function new_draft(): Draft {
  return {
    pictures: [], chosen: 0, prompt: '', negative_prompt: '', engine: 'auto', preset: 'standard', aspect: '',
    fit: 'cover', loop: 'none', quality: 'standard', size: null, duration: null, fps: null, steps: null,
    guidance: null, seed: new_seed(), seed_locked: false, extra: {},
  };
}

export const is_animatic = (engine: string) => engine === 'auto' || engine === 'animatic';
export const prompt_of = (draft: Draft, picture: DraftPicture | undefined) => (picture?.prompt ?? draft.prompt).trim();

const rounded = (value: number) => Math.round(value * 10_000) / 10_000;

/** What the service is asked for. Fields that say nothing are left out. */
export function spec_of(draft: Draft, picture: DraftPicture | undefined): ClipSpec {
  const spec: ClipSpec = { ...draft.extra, seed: draft.seed };
  // Both say how long the clip is.
  if (draft.duration !== null) delete spec.frames;
  if (picture) spec.picture = picture.id;
  const prompt = prompt_of(draft, picture);
  if (prompt) spec.prompt = prompt;
  if (draft.engine !== 'auto') spec.engine = draft.engine;
  if (draft.preset) spec.preset = draft.preset;
  if (draft.aspect) spec.aspect = draft.aspect;
  if (draft.aspect && draft.fit !== 'cover') spec.fit = draft.fit;
  if (draft.aspect && draft.fit === 'cover' && picture?.focus)
    spec.focus = `${rounded(picture.focus.x)},${rounded(picture.focus.y)}`;
  if (draft.loop !== 'none') spec.loop = draft.loop;
  if (draft.quality !== 'standard') spec.quality = draft.quality;
  for (const knob of ['size', 'duration', 'fps'] as const) if (draft[knob] !== null) spec[knob] = draft[knob];
  if (!is_animatic(draft.engine)) {
    if (draft.negative_prompt.trim()) spec.negative_prompt = draft.negative_prompt.trim();
    for (const knob of ['steps', 'guidance'] as const) if (draft[knob] !== null) spec[knob] = draft[knob];
  }
  return spec;
}

const one_of = <T extends string>(value: unknown, all: readonly T[], otherwise: T): T =>
  all.includes(value as T) ? (value as T) : otherwise;
const number_or_null = (value: unknown) => {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
};

function focus_of(text: unknown): DraftPicture['focus'] {
  const match = typeof text === 'string' ? /^([\d.]+),([\d.]+)$/.exec(text) : null;
  return match ? { x: Number(match[1]), y: Number(match[2]) } : null;
}

/** What a clip's settings must be told to become these: fields that go back to their default are null. */
export function change_to(spec: ClipSpec, before: ClipSpec): Record<string, unknown> {
  const gone = Object.keys(before).filter((name) => !(name in spec)).map((name) => [name, null]);
  const changed = Object.entries(spec).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]));
  return Object.fromEntries([...gone, ...changed]) as Record<string, unknown>;
}

/** Fields that the draft holds by itself. */
const OWN = new Set(['picture', 'prompt', 'negative_prompt', 'engine', 'preset', 'aspect', 'width', 'height', 'fit', 'loop', 'quality', 'size', 'duration', 'fps', 'steps', 'guidance', 'seed', 'focus']);

/** The way back: settings of a clip or of a recipe. The seed is locked, so that the same comes out again. */
export function draft_from(spec: ClipSpec, pictures: Asset[]): Draft {
  const draft = new_draft();
  const fps = typeof spec.fps === 'string' && spec.fps.includes('/')
    ? Number(spec.fps.split('/')[0]) / Number(spec.fps.split('/')[1]) : number_or_null(spec.fps);
  return {
    ...draft,
    pictures: pictures.map((asset) => ({ ...asset, focus: focus_of(spec.focus) })),
    prompt: spec.prompt ?? '',
    negative_prompt: spec.negative_prompt ?? '',
    engine: spec.engine ?? 'auto',
    preset: spec.preset ?? '',
    aspect: spec.aspect ?? (spec.width && spec.height ? `${spec.width}:${spec.height}` : ''),
    fit: one_of(spec.fit, ['cover', 'contain'], 'cover'),
    loop: one_of(spec.loop, ['none', 'pingpong', 'seamless'], 'none'),
    quality: one_of(spec.quality, ['standard', 'high'], 'standard'),
    size: number_or_null(spec.size) ?? (spec.width && spec.height ? Math.min(spec.width, spec.height) : null),
    duration: spec.duration ?? null,
    fps: number_or_null(fps),
    steps: number_or_null(spec.steps),
    guidance: number_or_null(spec.guidance),
    seed: spec.seed ?? draft.seed,
    seed_locked: spec.seed !== undefined,
    extra: Object.fromEntries(Object.entries(spec).filter(([name, value]) => !OWN.has(name) && value !== null && value !== undefined)),
  };
}

const KEY = 'stillreel.draft.1';

/** A queued clip whose settings are being changed, and the draft that waits meanwhile. */
export interface Editing {
  id: string;
  /** The clip's settings as the service has them. */
  spec: ClipSpec;
  waiting: Draft;
}
export interface Kept {
  draft: Draft;
  editing: Editing | null;
  sheet: { name: string; text: string } | null;
}

export function keep_draft(kept: Kept): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...kept.draft, editing: kept.editing, sheet: kept.sheet }));
  } catch {
    // Private windows may refuse; the page works on without a memory.
  }
}

export function kept_draft(): Kept {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as (Partial<Draft> & Partial<Kept>) | null;
    if (kept && Array.isArray(kept.pictures)) {
      const { editing, sheet, ...draft } = kept;
      return { draft: { ...new_draft(), ...draft }, editing: editing ?? null, sheet: sheet ?? null };
    }
  } catch {
    // Written by something else: begin anew.
  }
  return { draft: new_draft(), editing: null, sheet: null };
}
