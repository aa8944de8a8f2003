// The knobs of the advanced drawer: which there are, and which an engine obeys.
import { COST_KNOBS, is_animatic, type CostKnob } from './draft';
import type { Engine, Estimate, Preset } from './types';

export interface ExtraKnob {
  name: string;
  kind: 'number' | 'choice' | 'switch' | 'model';
  least?: number;
  most?: number;
  step?: number;
  /** The first is the default. */
  choices?: string[];
  /** A value of a choice or switch whose saving is worth showing. */
  cheaper?: unknown;
}

export const BOUNDS: Record<CostKnob, { least: number; most: number; step: number; unit: string }> = {
  size: { least: 64, most: 4096, step: 8, unit: 'px' }, duration: { least: 0.25, most: 600, step: 0.25, unit: 's' }, fps: { least: 1, most: 240, step: 1, unit: '' },
  steps: { least: 1, most: 1000, step: 1, unit: '' }, guidance: { least: 0, most: 100, step: 0.5, unit: '' },
};

/** Knobs that one engine has and another has not. */
const EXTRA: ExtraKnob[] = [
  { name: 'model', kind: 'model' },
  { name: 'scheduler', kind: 'choice', choices: ['', 'ddim', 'dpmpp-2m', 'unipc', 'euler'] },
  { name: 'guidance_rescale', kind: 'number', least: 0, most: 1, step: 0.05 },
  { name: 'eta', kind: 'number', least: 0, most: 1, step: 0.05 },
  { name: 'clip_skip', kind: 'number', least: 0, most: 23, step: 1 },
  { name: 'guidance_start', kind: 'number', least: 0, most: 1, step: 0.05 },
  { name: 'guidance_end', kind: 'number', least: 0, most: 1, step: 0.05 },
  { name: 'guidance_interval', kind: 'number', least: 1, most: 1000, step: 1 },
  { name: 'merge_tokens', kind: 'number', least: 0, most: 0.75, step: 0.05 },
  { name: 'speed', kind: 'choice', choices: ['', 'exact', 'fast', 'draft'], cheaper: 'fast' },
  { name: 'cache_interval', kind: 'number', least: 1, most: 1000, step: 1 },
  { name: 'cache_branch', kind: 'number', least: 1, most: 11, step: 1 },
  { name: 'precision', kind: 'choice', choices: ['', 'f32', 'bf16', 'int8'], cheaper: 'int8' },
  { name: 'low_memory', kind: 'switch', cheaper: true },
  { name: 'auto_fit', kind: 'switch' },
];
/** What an engine obeys where the service does not say. */
const DIFFUSION = ['negative_prompt', 'steps', 'guidance', ...EXTRA.map((knob) => knob.name)];

/** `fields`: those of the service's ClipSpec; a knob it does not know is not shown. */
export function knobs_of(chosen: string, engines: Engine[], fields: string[]): { cost: CostKnob[]; extra: ExtraKnob[]; negative_prompt: boolean } {
  const engine = engines.find((one) => one.name === (chosen === 'auto' ? 'animatic' : chosen));
  const own = engine?.knobs ?? (is_animatic(chosen) ? [] : DIFFUSION);
  return {
    cost: COST_KNOBS.filter((knob) => (knob !== 'steps' && knob !== 'guidance') || own.includes(knob)),
    extra: EXTRA.filter((knob) => own.includes(knob.name) && (fields.length === 0 || fields.includes(knob.name))),
    negative_prompt: own.includes('negative_prompt'),
  };
}

/** Another value of a knob that shows what it costs: that of the preset where it is set, else a step up. */
export function other_value(knob: CostKnob, value: number | null, preset: Preset | undefined, now: Estimate | null): number | null {
  const usual = knob === 'fps' ? (now ? fraction(now.fps) : null) : (preset?.[knob] ?? null);
  if (value !== null) return usual === null || knob === 'fps' ? null : usual;
  if (usual === null) return null;
  const up = { size: usual * 1.5, duration: usual * 2, fps: usual * 2, steps: usual + 20, guidance: usual }[knob];
  return Math.min(Math.round(up * 100) / 100, BOUNDS[knob].most);
}

const fraction = (fps: string) => {
  const [over, under] = fps.split('/').map(Number);
  return under ? (over ?? 0) / under : Number(fps);
};
