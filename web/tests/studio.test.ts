import { beforeEach, describe, expect, it } from 'vitest';
import { clip, mocked, problem } from './mocked';

const asset = { id: 'a1', name: 'a.jpg', width: 640, height: 360, sha256: 'abc' };
const other = { id: 'a2', name: 'b.jpg', width: 640, height: 360, sha256: 'def' };

beforeEach(() => localStorage.clear());

describe('queueing', () => {
  it('sends one clip, and throws new dice unless the seed is locked', async () => {
    const { studio, of } = mocked({ 'POST /v1/clips': clip('c1'), 'GET /v1/clips': { clips: [], next_before: null } });
    studio.desk.draft.pictures = [{ ...asset, focus: null }];
    studio.desk.draft.seed = -1;
    await studio.desk.queue_it();
    expect(of('POST /v1/clips')[0]?.body).toMatchObject({ picture: 'a1', seed: -1 });
    expect(studio.desk.draft.seed).toBeGreaterThanOrEqual(0);
    studio.desk.draft.seed_locked = true;
    studio.desk.draft.seed = 5;
    await studio.desk.queue_it();
    expect(studio.desk.draft.seed).toBe(5);
    expect(studio.waiting.map((one) => one.id)).toEqual(['c1']);
  });
  it('sends many as a batch with seeds of their own', async () => {
    const { studio, of } = mocked({ 'POST /v1/batches': { batch: 'b', clips: [clip('c1'), clip('c2')] } });
    studio.desk.draft.pictures = [{ ...asset, focus: null }, { ...other, focus: null }];
    await studio.desk.queue_it();
    const body = of('POST /v1/batches')[0]?.body as { clips: Record<string, unknown>[]; same_seed: boolean };
    expect(body.clips.map((one) => [one.picture, one.seed])).toEqual([['a1', undefined], ['a2', undefined]]);
    expect(body.same_seed).toBe(false);
  });
  it('repeats a lost order under the same key, and a new order under another', async () => {
    let lost = true;
    const { studio, of } = mocked({ 'POST /v1/clips': () => (lost ? new TypeError('lost') : clip('c1')) });
    studio.desk.draft.pictures = [{ ...asset, focus: null }];
    expect(await studio.desk.queue_it()).toBe(false);
    expect(studio.notices[0]?.text).toContain('./stillreel serve');
    lost = false;
    await studio.desk.queue_it();
    await studio.desk.queue_it();
    const keys = of('POST /v1/clips').map((one) => one.headers.get('Idempotency-Key'));
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[1]);
  });
});

describe('files', () => {
  it('uploads pictures in order and keeps the one that failed for another try', async () => {
    let count = 0;
    const { studio } = mocked({ 'POST /v1/assets': () => (++count === 1 ? problem(415, 'unsupported', 'this is a GIF') : other) });
    await studio.desk.take_files([new File(['x'], 'x.gif'), new File(['y'], 'y.png')]);
    expect(studio.desk.draft.pictures.map((one) => one.id)).toEqual(['a2']);
    expect(studio.desk.uploads[0]?.failed).toContain('GIF');
    await studio.desk.upload(studio.desk.uploads[0]!);
    expect(studio.desk.uploads).toEqual([]);
    expect(studio.desk.draft.pictures.length).toBe(2);
  });
  it('restores the settings of a clip, and its picture where it is still there', async () => {
    const { studio } = mocked({
      'POST /v1/recipes': { spec: { prompt: 'rain', preset: 'high' }, seed: 42, picture: { name: 'b.jpg', sha256: 'def' } }, 'GET /v1/assets': { assets: [asset, other] },
    });
    studio.view = 'gallery';
    await studio.desk.take_files([new File(['x'], 'video.mp4', { type: 'video/mp4' })]);
    expect(studio.view).toBe('create');
    expect(studio.desk.draft).toMatchObject({ prompt: 'rain', preset: 'high', seed: 42, seed_locked: true });
    expect(studio.desk.draft.pictures.map((one) => one.id)).toEqual(['a2']);
  });
});

describe('clips', () => {
  it('shows progress in the title', () => {
    const { studio } = mocked({});
    studio.take(clip('c1', { state: 'running', progress: 0.429 }));
    expect(studio.title).toMatch(/^42% · /);
  });
  it('moves a clip at once and tells the service', async () => {
    const { studio, of } = mocked({ 'PATCH /v1/clips/c3': clip('c3'), 'GET /v1/clips': problem(503, 'busy', 'later') });
    for (const [index, id] of ['c1', 'c2', 'c3'].entries()) studio.clips[id] = clip(id, { queue_position: index + 1 });
    const moved = studio.reorder('c3', 'c1', 'before');
    expect(studio.waiting.map((one) => one.id)).toEqual(['c3', 'c1', 'c2']);
    await moved;
    expect(of('PATCH /v1/clips/c3')[0]?.body).toEqual({ before: 'c1' });
  });
  it('counts time left down, but never to done', () => {
    const { studio } = mocked({});
    studio.take(clip('c1', { state: 'running', eta_seconds: 5 }));
    studio.now += 3;
    expect(studio.seconds_left(studio.clips.c1!)).toBeLessThan(3.1);
    studio.now += 300;
    expect(studio.seconds_left(studio.clips.c1!)).toBe(1);
    studio.take(clip('c2', { state: 'running' }));
    expect(studio.seconds_left(studio.clips.c2!)).toBeNull();
  });
  it('deletes with undo', async () => {
    const { studio, of } = mocked({ 'DELETE /v1/clips/c1': new Response(null, { status: 204 }), 'PATCH /v1/clips/c1': clip('c1', { state: 'completed' }) });
    studio.take(clip('c1', { state: 'completed' }));
    await studio.remove(studio.clips.c1!);
    expect(studio.finished).toEqual([]);
    studio.notices[0]?.action?.run();
    await new Promise((done) => setTimeout(done));
    expect(of('PATCH /v1/clips/c1')[0]?.body).toEqual({ deleted: false });
    expect(studio.finished.length).toBe(1);
  });
  it('locks itself when the token is wanted', async () => {
    const { studio } = mocked({ 'GET /v1/queue': problem(401, 'unauthorized', 'log in') });
    await studio.attempt(async () => void (await studio.api.queue()));
    expect(studio.locked_out).toBe(true);
  });
});
