import { beforeEach, describe, expect, it } from 'vitest';
import { Desk } from '../src/lib/desk.svelte';
import { change_to, draft_from, new_draft, spec_of } from '../src/lib/draft';
import type { KeptFiles } from '../src/lib/kept_files';
import { knobs_of, other_value } from '../src/lib/knobs';
import { meaning_text } from '../src/lib/meanings';
import { failure_text, sentence } from '../src/lib/sentence';
import { ApiError } from '../src/lib/api';
import { pair_layout } from '../src/lib/shape';
import { clip, estimate, mocked, problem } from './mocked';

const asset = { id: 'a1', name: 'a.jpg', width: 640, height: 360, sha256: 'abc' };
const other = { id: 'a2', name: 'b.jpg', width: 640, height: 360, sha256: 'def' };
beforeEach(() => localStorage.clear());

describe('editing a queued clip', () => {
  const spec = { picture: 'a1', prompt: 'rain', preset: 'high', seed: 7, camera: { version: 1 }, frames: 12 };
  const setting = () => mocked({
    'GET /v1/assets': { assets: [asset, other] }, 'PATCH /v1/clips/c1': clip('c1', { spec }), 'GET /v1/clips': { clips: [], next_before: null },
  });
  it('says only what changed, and gives the waiting draft back', async () => {
    const { studio, of } = setting();
    studio.desk.draft.prompt = 'my own words';
    await studio.desk.edit(clip('c1', { spec }));
    expect(studio.desk.draft).toMatchObject({ prompt: 'rain', preset: 'high', seed: 7 });
    expect(studio.view).toBe('create');
    studio.desk.draft.prompt = 'heavy rain';
    studio.desk.draft.duration = 3;
    expect(await studio.desk.save_edit()).toBe(true);
    expect(of('PATCH /v1/clips/c1')[0]?.body).toEqual({ prompt: 'heavy rain', duration: 3, frames: null });
    expect(studio.desk.editing).toBeNull();
    expect(studio.desk.draft.prompt).toBe('my own words');
  });
  it('loses nothing when it is cancelled, not even over a reload', async () => {
    const { studio, of } = setting();
    studio.desk.draft.prompt = 'my own words';
    await studio.desk.edit(clip('c1', { spec }));
    await studio.desk.edit(clip('c2', { spec: { prompt: 'another' } }));
    studio.desk.keep();
    const reloaded = setting().studio;
    expect(reloaded.desk.editing?.id).toBe('c2');
    reloaded.desk.end_edit();
    expect(reloaded.desk.draft.prompt).toBe('my own words');
    expect(of('PATCH /v1/clips/c1')).toEqual([]);
  });
  it('stays in the edit where the clip began meanwhile', async () => {
    const { studio } = mocked({ 'GET /v1/assets': { assets: [asset] }, 'PATCH /v1/clips/c1': problem(409, 'busy', 'the clip runs already') });
    await studio.desk.edit(clip('c1', { spec }));
    studio.desk.draft.prompt = 'other';
    expect(await studio.desk.save_edit()).toBe(false);
    expect(studio.desk.editing?.id).toBe('c1');
  });
});

describe('settings without a control', () => {
  it('survive from a clip to the next', () => {
    const spec = { picture: 'a1', camera: { version: 1 }, crf: 20, frames: 12, seed: 1, preset: 'standard' };
    expect(spec_of(draft_from(spec, [asset]), { ...asset, focus: null })).toEqual(spec);
  });
  it('go back to their default by null', () => expect(change_to({ seed: 1 }, { seed: 1, loop: 'pingpong' })).toEqual({ loop: null }));
});

describe('many pictures', () => {
  it('share their words, or have their own', async () => {
    const { studio, of } = mocked({ 'POST /v1/batches': { batch: 'b', clips: [clip('c1'), clip('c2')] } });
    studio.desk.draft = { ...new_draft(), pictures: [{ ...asset, focus: null }, { ...other, focus: null, prompt: 'snow' }], prompt: 'rain' };
    studio.desk.draft.chosen = 1;
    studio.desk.prompt = 'heavy snow';
    await studio.desk.queue_it();
    const { clips } = of('POST /v1/batches')[0]?.body as { clips: { prompt: string }[] };
    expect(clips.map((one) => one.prompt)).toEqual(['rain', 'heavy snow']);
  });
});

describe('pictures that never reached the service', () => {
  const kept = (files: { id: string; file: File }[], lost: string[] = []) => {
    const now = new Map(files.map(({ id, file }) => [id, file]));
    const memory: KeptFiles & { now: Map<string, File> } = {
      now, keep: async (id, file) => void now.set(id, file), forget: async (id) => void now.delete(id), left_behind: async () => ({ files, lost }),
    };
    return memory;
  };
  it('are sent after a reload, and forgotten then', async () => {
    const { studio } = mocked({ 'GET /v1/assets': { assets: [] }, 'POST /v1/assets': asset });
    const memory = kept([{ id: 'u1', file: new File(['x'], 'a.jpg') }]);
    const desk = new Desk(studio, memory);
    await desk.refresh();
    expect(desk.draft.pictures.map((one) => one.id)).toEqual(['a1']);
    expect(memory.now.size).toBe(0);
  });
  it('are named where the browser kept nothing but their names', async () => {
    const { studio } = mocked({ 'GET /v1/assets': { assets: [] } });
    await new Desk(studio, kept([], ['lost.png'])).refresh();
    expect(studio.notices[0]?.text).toContain('lost.png');
  });
  it('wait for the connection, and go up when it is back', async () => {
    let away = true;
    const { studio } = mocked({ 'GET /v1/assets': { assets: [] }, 'POST /v1/assets': () => (away ? new TypeError('away') : asset) });
    const memory = kept([]);
    const desk = new Desk(studio, memory);
    await desk.take_files([new File(['x'], 'a.jpg')]);
    expect(desk.uploads[0]?.failed).not.toBe('');
    expect(memory.now.size).toBe(1);
    away = false;
    await desk.refresh();
    expect(desk.uploads).toEqual([]);
    expect(desk.draft.pictures.length).toBe(1);
  });
});

describe('knobs', () => {
  const engine = { name: 'i2vgen-xl', purpose: '', available: true, reason: null, limits: {} };
  it('are those of the engine', () => {
    expect(knobs_of('auto', [engine], []).cost).toEqual(['size', 'duration', 'fps']);
    expect(knobs_of('i2vgen-xl', [engine], []).cost).toContain('steps');
    expect(knobs_of('i2vgen-xl', [engine], ['eta', 'precision']).extra.map((knob) => knob.name)).toEqual(['eta', 'precision']);
    expect(knobs_of('i2vgen-xl', [{ ...engine, knobs: ['steps', 'eta'] }], [])).toMatchObject({ cost: ['size', 'duration', 'fps', 'steps'], extra: [{ name: 'eta' }], negative_prompt: false });
  });
  it('are compared with the preset where they are set, with a step up where not', () => {
    const preset = { name: 'standard', purpose: '', size: 512, frames: 16, fps: '8', duration: 2, steps: 50, guidance: 9 };
    expect(other_value('size', 1024, preset, estimate)).toBe(512);
    expect(other_value('size', null, preset, estimate)).toBe(768);
    expect(other_value('fps', null, preset, estimate)).toBe(16);
    expect(other_value('steps', null, undefined, null)).toBeNull();
  });
});

describe('a stage for two', () => {
  it('puts wide pictures below each other and tall ones beside', () => {
    expect(pair_layout({ width: 800, height: 600 }, 16 / 9)).toBe('column');
    expect(pair_layout({ width: 800, height: 600 }, 9 / 16)).toBe('row');
  });
});

describe('the service in Chinese', () => {
  it('says meanings', () => {
    expect(meaning_text('zh', 'camera: dolly in, slowly, whole clip')).toBe('镜头：推进，缓慢，全程');
    expect(meaning_text('zh', 'police lights, moderate, red and blue, whole clip')).toBe('警灯，中等，红蓝，全程');
    expect(meaning_text('zh', 'not rendered: a change of expression needs a generative engine')).toBe('不呈现：表情变化需要扩散引擎');
    expect(meaning_text('zh', 'camera: pan left, 30 degrees, 10 % to 40 % and handheld, slight, whole clip')).toBe('镜头：左摇，30°，10% 至 40%；手持晃动，轻微，全程');
    expect(meaning_text('en', 'rain')).toBe('rain');
  });
  it('sends nobody in search of a model that has to be fetched', () =>
    expect(sentence(new ApiError(404, 'not_found', 'no model i2vgen-xl is installed: tried the folder'), 'zh')).toBe('没有安装模型 i2vgen-xl：可在“系统”页获取。'));
  it('says failures by their code', () => {
    expect(failure_text({ code: 'out_of_memory', message: 'it needs 14.1 GB' }, 'zh')).toBe('内存不足：it needs 14.1 GB.');
    expect(failure_text({ code: 'new_code', message: 'what it says' }, 'zh')).toBe('what it says.');
    expect(sentence(new ApiError(422, 'invalid_argument', 'size must be a whole number from 16 to 4096, not 5', 'size'), 'zh')).toBe('“短边”应为 16 到 4096 的整数，而不是 5。 请修改“短边”后重试。');
  });
});

describe('an upload that is under way', () => {
  it('is not begun a second time when everything is read anew', async () => {
    let answer: (asset: unknown) => void = () => {};
    const { studio, of } = mocked({ 'GET /v1/assets': { assets: [] }, 'POST /v1/assets': asset });
    const going_up = new Promise((done) => (answer = done));
    const upload = studio.api.upload;
    studio.api.upload = async (...given) => (await going_up, upload.apply(studio.api, given));
    const memory: KeptFiles = { keep: async () => {}, forget: async () => {}, left_behind: async (begun) => ({ files: begun.size > 0 ? [] : [{ id: 'u1', file: new File(['x'], 'a.jpg') }], lost: [] }) };
    const desk = new Desk(studio, memory);
    const taken = desk.take_files([new File(['x'], 'a.jpg')]);
    await desk.refresh();
    answer(asset);
    await taken;
    expect(of('POST /v1/assets').length).toBe(1);
    expect(desk.draft.pictures.length).toBe(1);
  });
});
