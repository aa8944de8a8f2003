import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { tick } from 'svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import Picture from '../src/parts/Picture.svelte';
import Create from '../src/views/Create.svelte';
import Gallery from '../src/views/Gallery.svelte';
import Queue from '../src/views/Queue.svelte';
import System from '../src/views/System.svelte';
import { clip, estimate, mocked } from './mocked';

beforeEach(() => localStorage.clear());

describe('the queue', () => {
  const setting = () => {
    const all = mocked({ 'PATCH /v1/clips/c3': clip('c3'), 'PATCH /v1/clips/c1': clip('c1') });
    for (const [index, id] of ['c1', 'c2', 'c3'].entries()) all.studio.clips[id] = clip(id, { queue_position: index + 1 });
    return all;
  };
  it('is reordered by arrow keys on the grip, and the focus goes with the clip', async () => {
    const { studio, of } = setting();
    render(Queue, { studio });
    const grip = screen.getAllByRole('button', { name: /reorder: prompt of c3/ })[0]!;
    grip.focus();
    await fireEvent.keyDown(grip, { key: 'ArrowUp' });
    expect(studio.waiting.map((one) => one.id)).toEqual(['c1', 'c3', 'c2']);
    expect(of('PATCH /v1/clips/c3')[0]?.body).toEqual({ before: 'c2' });
    await waitFor(() => expect(document.activeElement?.getAttribute('aria-label')).toContain('prompt of c3'));
    expect(screen.getByText('Moved to place 2')).toBeTruthy();
    await fireEvent.keyDown(document.activeElement!, { key: 'Home' });
    expect(studio.waiting.map((one) => one.id)).toEqual(['c3', 'c1', 'c2']);
  });
  it('is reordered by dragging, unless Escape is pressed', async () => {
    const { studio, of } = setting();
    HTMLElement.prototype.setPointerCapture = () => {};
    const { container } = render(Queue, { studio });
    const rows = [...container.querySelectorAll('li')];
    rows.forEach((row, index) => (row.getBoundingClientRect = () => ({ top: index * 100, height: 100, bottom: index * 100 + 100 }) as DOMRect));
    const drag = async (row: Element, y: number, end: () => unknown) => {
      await fireEvent.pointerDown(row, { button: 0, pointerType: 'mouse' });
      await fireEvent.pointerMove(row, { clientY: y });
      await end();
      await fireEvent.pointerUp(row);
    };
    await drag(rows[0]!, 280, () => fireEvent.keyDown(window, { key: 'Escape' }));
    expect(of('PATCH /v1/clips/c1')).toEqual([]);
    await drag(rows[0]!, 280, () => {});
    expect(of('PATCH /v1/clips/c1')[0]?.body).toEqual({ after: 'c3' });
  });
  it('shows what a clip under way looks like, in words and picture', () => {
    const { studio } = mocked({});
    studio.language = 'zh';
    studio.take(clip('c1', { state: 'running', progress: 0.5, stage: 'denoise', progress_picture: '/v1/clips/c1/progress_picture?v=4' }));
    const { container } = render(Queue, { studio });
    expect(container.querySelector('img')?.getAttribute('src')).toBe('/v1/clips/c1/progress_picture?v=4');
    expect(screen.getByText('去噪')).toBeTruthy();
  });
});

describe('a picture that is not there', () => {
  it('is drawn as a placeholder, and asked for again when the service is back', async () => {
    vi.useFakeTimers();
    const { studio } = mocked({});
    const { container } = render(Picture, { studio, src: '/v1/assets/a1/thumbnail' });
    await fireEvent.error(container.querySelector('img')!);
    expect(container.querySelector('img')).toBeNull();
    expect(container.querySelector('svg')).toBeTruthy();
    vi.advanceTimersByTime(2000);
    await tick();
    await fireEvent.error(container.querySelector('img')!);
    expect(container.querySelector('img')).toBeNull();
    ++studio.revision;
    await tick();
    expect(container.querySelector('img')?.getAttribute('src')).toBe('/v1/assets/a1/thumbnail');
    vi.useRealTimers();
  });
});

describe('the gallery', () => {
  it('finds clips by their words', async () => {
    const { studio } = mocked({});
    for (const id of ['rain', 'snow']) studio.take(clip(id, { state: 'completed', progress: 1 }));
    render(Gallery, { studio });
    await fireEvent.input(screen.getByLabelText('Search words'), { target: { value: 'SNOW of' } });
    expect(screen.queryByLabelText('Open prompt of rain')).toBeNull();
    expect(screen.getByLabelText('Open prompt of snow')).toBeTruthy();
  });
  it('uses a clip again from its window', async () => {
    const { studio } = mocked({ 'GET /v1/assets': { assets: [{ id: 'a1', name: 'a.jpg', width: 64, height: 64 }] } });
    studio.take(clip('c1', { state: 'completed', progress: 1, result: { seed: 9 } }));
    HTMLDialogElement.prototype.showModal ??= () => {};
    render(Gallery, { studio });
    await fireEvent.click(screen.getByLabelText('Open prompt of c1'));
    await fireEvent.click(screen.getByText('Use again'));
    await waitFor(() => expect(studio.desk.draft).toMatchObject({ prompt: 'prompt of c1', seed: 9 }));
    expect(studio.view).toBe('create');
  });
});

describe('the system', () => {
  const missing = { name: 'i2vgen-xl', purpose: 'a diffusion model', available: false, reason: 'its weights are not installed', limits: {} };
  const pull = { id: 'p1', model: 'i2vgen-xl', state: 'running', progress: 0.25, file: 'unet', bytes: 1e9, total_bytes: 4e9, eta_seconds: 60, error: null };
  it('fetches a model and shows how far it is, in the title too', async () => {
    const facts = { version: '1', disk_free_bytes: 1e9, disk_total_bytes: 1e11, listeners: 1, worker_ready: true };
    const { studio, of } = mocked({ 'GET /v1/models': { models: [] }, 'GET /v1/queue': { paused: false, clips: {}, workers: [] }, 'GET /v1/engines': { engines: [missing] }, 'GET /v1/system': facts,
      'POST /v1/models/pulls': pull, 'GET /v1/clips/c1/log': { lines: [{ at: '2026-11-22T16:02:38Z', level: 'error', text: 'the disk is full' }] } });
    studio.take(clip('c1', { state: 'failed', error: { code: 'io', message: 'no space' } }));
    HTMLDialogElement.prototype.showModal ??= () => {};
    render(System, { studio });
    await fireEvent.click(await screen.findByText('Get i2vgen-xl'));
    expect(of('POST /v1/models/pulls')[0]?.body).toEqual({ model: 'i2vgen-xl' });
    expect(await screen.findByText('25%')).toBeTruthy();
    expect(studio.title).toMatch(/^25% · /);
    expect(screen.getByText('1.0 GB free of 100 GB')).toBeTruthy();
    await fireEvent.click(screen.getByLabelText('Log: prompt of c1'));
    expect(await screen.findByText('the disk is full')).toBeTruthy();
  });
});

describe('advanced knobs', () => {
  it('say what a step up would cost before it is made, and what was paid after', async () => {
    const { studio } = mocked({ 'POST /v1/estimate': (spec: { size?: number }) => ({ ...estimate, seconds: (spec.size ?? 512) / 64, memory_bytes: (spec.size ?? 512) * 1e6 }), 'POST /v1/plan': { phrases: [], lint: [], notes: [] }, 'POST /v1/previews': () => new Response(new Blob(['mp4'])) });
    studio.presets = [{ name: 'standard', purpose: '', size: 512, frames: 16, fps: '8', duration: 2, steps: 50, guidance: 9 }];
    studio.desk.draft.pictures = [{ id: 'a1', name: 'a.jpg', width: 640, height: 360, focus: null }];
    render(Create, { studio });
    (screen.getByText('Advanced').closest('details') as HTMLDetailsElement).open = true;
    expect(await screen.findByText('768: +4 s, +256 MB memory', {}, { timeout: 3000 })).toBeTruthy();
    await fireEvent.input(screen.getByLabelText(/Short side/), { target: { value: '256' } });
    expect(await screen.findByText('−4 s, −256 MB memory', {}, { timeout: 3000 })).toBeTruthy();
  });
});
