import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/lib/api';
import { draft_from, keep_draft, kept_draft, new_draft, spec_of } from '../src/lib/draft';
import { listen } from '../src/lib/events';
import { bytes_text, duration_text } from '../src/lib/format';
import { messages, translate } from '../src/lib/i18n';
import { built_prompt, choose_move, MOVES, toggle_phrase, type Move } from '../src/lib/phrases';
import { sentence } from '../src/lib/sentence';
import { aspect_value, crop_of } from '../src/lib/shape';
import { clip } from './mocked';

const picture = { id: 'a1', name: 'a.jpg', width: 1000, height: 500, focus: { x: 0.25, y: 0.5 } };
const push_in = MOVES.find((one) => one.name === 'push_in') as Move;
const orbit = MOVES.find((one) => one.name === 'orbit') as Move;

describe('words', () => {
  it('keeps the same placeholders in both languages', () => {
    const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
    for (const key of Object.keys(messages.en) as (keyof typeof messages.en)[])
      expect(holes(messages.zh[key]), key).toEqual(holes(messages.en[key]));
  });
  it('fills in values', () => expect(translate('zh', 'position', { n: 3 })).toBe('第 3 位'));
  it('says durations and bytes for people', () => {
    expect(duration_text(0.4, 'en')).toBe('< 1 s');
    expect(duration_text(95, 'en')).toBe('1 min 35 s');
    expect(duration_text(7500, 'zh')).toBe('2 小时 5 分');
    expect(bytes_text(14_100_000_000)).toBe('14.1 GB');
  });
});

describe('failures as sentences', () => {
  it('says what to do', () => {
    expect(sentence(new ApiError(0, 'offline', ''), 'en')).toContain('./stillreel serve');
    expect(sentence(new ApiError(415, 'unsupported', 'this is a GIF'), 'en')).toBe('This is a GIF. This kind of file is not read. Save it as JPEG, PNG or WebP.');
  });
  it('names the field at fault in the language of the page', () =>
    expect(sentence(new ApiError(422, 'invalid_argument', 'size must be at most 4096', 'size'), 'zh')).toContain('短边'));
});

describe('draft', () => {
  it('leaves out what says nothing', () => expect(spec_of({ ...new_draft(), seed: 7 }, picture)).toEqual({ picture: 'a1', seed: 7, preset: 'standard' }));
  it('says the crop only where there is one', () => {
    expect(spec_of({ ...new_draft(), aspect: '1:1' }, picture).focus).toBe('0.25,0.5');
    expect(spec_of({ ...new_draft(), aspect: '1:1', fit: 'contain' }, picture).focus).toBeUndefined();
  });
  it('keeps diffusion knobs from the animatic engine', () => {
    expect(spec_of({ ...new_draft(), steps: 30 }, picture).steps).toBeUndefined();
    expect(spec_of({ ...new_draft(), steps: 30, engine: 'i2vgen-xl' }, picture).steps).toBe(30);
  });
  it('comes back from a spec', () => {
    const spec = { ...spec_of({ ...new_draft(), prompt: 'rain', aspect: '1:1', size: 256, seed: 9, loop: 'pingpong' }, picture) };
    expect(spec_of(draft_from(spec, [picture]), draft_from(spec, [picture]).pictures[0])).toEqual(spec);
    expect(draft_from(spec, []).seed_locked).toBe(true);
  });
  it('survives a reload, and damage', () => {
    keep_draft({ draft: { ...new_draft(), prompt: 'kept' }, editing: null, sheet: null });
    expect(kept_draft().draft.prompt).toBe('kept');
    localStorage.setItem('stillreel.draft.1', '{"half');
    expect(kept_draft().draft.prompt).toBe('');
  });
});

describe('crop', () => {
  it('reads aspects', () => {
    expect(aspect_value('2.39:1')).toBeCloseTo(2.39);
    expect(aspect_value('1:0')).toBeUndefined();
    expect(aspect_value('wide')).toBeUndefined();
  });
  it('stays inside of the picture', () => {
    expect(crop_of(picture, 1, { x: 0, y: 0 })).toEqual({ x: 0, y: 0, width: 0.5, height: 1 });
    expect(crop_of(picture, 1, { x: 1, y: 0.5 }).x).toBe(0.5);
    expect(crop_of(picture, 4, { x: 0.5, y: 0.5 })).toEqual({ x: 0, y: 0.25, width: 1, height: 0.5 });
  });
});

describe('prompt builder', () => {
  it('adds a move, changes its pace, takes it out', () => {
    const slow = choose_move('A woman', push_in, 'slow', 'en');
    expect(slow).toBe('A woman, Camera slowly pushes in');
    const fast = choose_move(slow, push_in, 'fast', 'en');
    expect(fast).toBe('A woman, Camera quickly pushes in');
    expect(choose_move(fast, push_in, 'fast', 'en')).toBe('A woman');
  });
  it('has one move at a time', () => expect(choose_move('镜头缓慢推进', orbit, 'plain', 'zh')).toBe('镜头环绕'));
  it('takes a phrase out of the middle', () => expect(toggle_phrase('a, heavy rain, b', 'heavy rain', 'en')).toBe('a, b'));
  it('puts the four parts together', () => {
    expect(built_prompt({ subject: 'a woman', action: 'turns', camera: 'Camera pans left', environment: 'at night' }, 'en')).toBe('a woman turns, Camera pans left, at night');
    expect(built_prompt({ subject: '女人', action: '转头', camera: '', environment: '雨夜' }, 'zh')).toBe('女人转头，雨夜');
  });
});

describe('events', () => {
  class Source extends EventTarget {
    readyState = 0;
    close = vi.fn();
    say(name: string, data: unknown) {
      this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
    }
  }
  const setting = () => {
    vi.useFakeTimers();
    const sources: Source[] = [];
    const listener = { refresh: vi.fn(), clip: vi.fn(), deleted: vi.fn(), queue: vi.fn(), pull: vi.fn(), connected: vi.fn() };
    const stop = listen(listener, () => {
      sources.push(new Source());
      return sources.at(-1) as unknown as EventSource;
    });
    return { sources, listener, stop };
  };
  it('reads everything at every beginning, and when events were missed', () => {
    const { sources: [source], listener } = setting();
    source?.say('hello', {});
    expect(listener.refresh).toHaveBeenCalledTimes(1);
    source?.say('hello', {});  // the stream resumed by itself
    source?.say('reset', {});
    expect(listener.refresh).toHaveBeenCalledTimes(3);
    source?.say('clip', { kind: 'changed', clip: clip('c1') });
    expect(listener.clip).toHaveBeenCalledWith(clip('c1'));
  });
  it('opens a new stream where the old one gave up', () => {
    const { sources, listener, stop } = setting();
    (sources[0] as Source).readyState = 2;
    sources[0]?.dispatchEvent(new Event('error'));
    expect(listener.connected).toHaveBeenLastCalledWith(false);
    vi.advanceTimersByTime(1000);
    expect(sources.length).toBe(2);
    (sources[1] as Source).readyState = 2;
    sources[1]?.dispatchEvent(new Event('error'));
    stop();
    vi.advanceTimersByTime(60_000);
    expect(sources.length).toBe(2);
    vi.useRealTimers();
  });
});
