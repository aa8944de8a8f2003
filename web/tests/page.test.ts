import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { beforeEach, describe, expect, it } from 'vitest';
import Create from '../src/views/Create.svelte';
import Gallery from '../src/views/Gallery.svelte';
import Login from '../src/views/Login.svelte';
import Queue from '../src/views/Queue.svelte';
import { clip, estimate, mocked, problem } from './mocked';

const asset = { id: 'a1', name: 'a.jpg', width: 640, height: 360, focus: null };
beforeEach(() => localStorage.clear());

describe('Create', () => {
  const answers = {
    'POST /v1/estimate': estimate, 'POST /v1/previews': () => new Response(new Blob(['mp4'])),
    'POST /v1/plan': { phrases: [{ text: 'heavy rain', reading: 'rendered', meaning: 'rain' }, { text: 'zorble', reading: 'not_understood', meaning: '' }],
      lint: [{ rule: 'no_subject', message: 'no subject is named', suggestion: 'a woman, heavy rain' }], notes: [] },
    'POST /v1/clips': clip('c1'),
  };
  it('shows how the prompt is understood, and takes a rewrite with one click', async () => {
    const { studio } = mocked(answers);
    render(Create, { studio });
    await fireEvent.input(screen.getByLabelText('Prompt'), { target: { value: 'heavy rain, zorble' } });
    expect(await screen.findByText('not understood')).toBeTruthy();
    await fireEvent.click(screen.getByText('Use this'));
    expect(studio.desk.draft.prompt).toBe('a woman, heavy rain');
  });
  it('cannot queue without a picture', () => {
    const { studio } = mocked(answers);
    render(Create, { studio });
    expect((screen.getByText('Queue it') as HTMLButtonElement).disabled).toBe(true);
  });
  it('estimates and previews before anything is queued, then queues', async () => {
    const { studio, of } = mocked(answers);
    studio.desk.draft.pictures = [asset];
    render(Create, { studio });
    expect(await screen.findByText('912 × 512 · 2 s · 16 frames')).toBeTruthy();
    await waitFor(() => expect(of('POST /v1/previews').length).toBe(1), { timeout: 2000 });
    expect(of('POST /v1/clips').length).toBe(0);
    await fireEvent.click(screen.getByText('Queue it'));
    await waitFor(() => expect(of('POST /v1/clips').length).toBe(1));
  });
  it('says which field the estimate refuses', async () => {
    const { studio } = mocked({ ...answers, 'POST /v1/estimate': () => problem(422, 'invalid_argument', 'size must be at most 4096', 'size') });
    studio.desk.draft.pictures = [asset];
    render(Create, { studio });
    expect(await screen.findByText(/Size must be at most 4096\. Change “Short side”/)).toBeTruthy();
  });
  it('moves the crop with the arrow keys', async () => {
    const { studio } = mocked(answers);
    studio.desk.draft.pictures = [asset];
    studio.desk.draft.aspect = '1:1';
    render(Create, { studio });
    await fireEvent.keyDown(screen.getByLabelText(/^Crop frame/), { key: 'ArrowRight' });
    expect(studio.desk.spec.focus).toBe('0.52,0.5');
  });
});

describe('Queue, Gallery, Login', () => {
  it('cancels, retries, pauses', async () => {
    const { studio, of } = mocked({ 'POST /v1/clips/c1/cancel': clip('c1', { state: 'cancelled' }), 'POST /v1/clips/c2/retry': clip('c2'), 'POST /v1/queue/pause': { paused: true } });
    studio.take(clip('c1', { state: 'running', progress: 0.5, engine: 'animatic' }));
    studio.take(clip('c2', { state: 'failed', error: { code: 'io', message: 'the disk is full' } }));
    render(Queue, { studio });
    expect(screen.getByText(/the disk is full/)).toBeTruthy();
    await fireEvent.click(screen.getByText('Cancel'));
    await fireEvent.click(screen.getAllByText('Retry').at(-1)!);
    await fireEvent.click(screen.getByText('Pause the queue'));
    expect(of('POST /v1/clips/c1/cancel')[0]?.body).toEqual({ keep_partial: false });
    expect(of('POST /v1/clips/c2/retry').length).toBe(1);
    await waitFor(() => expect(studio.paused).toBe(true));
  });
  it('plays on hover and marks favourites', async () => {
    const { studio, of } = mocked({ 'PATCH /v1/clips/c1': clip('c1', { state: 'completed', favourite: true }) });
    studio.take(clip('c1', { state: 'completed', progress: 1 }));
    const { container } = render(Gallery, { studio });
    await fireEvent.mouseEnter(screen.getByLabelText('Open prompt of c1'));
    expect(container.querySelector('video')?.getAttribute('src')).toBe('/v1/clips/c1/content');
    await fireEvent.click(screen.getByLabelText('Favourite'));
    expect(of('PATCH /v1/clips/c1')[0]?.body).toEqual({ favourite: true });
  });
  it('says that a token is wrong', async () => {
    const { studio } = mocked({ 'POST /v1/session': problem(401, 'unauthorized', 'no') });
    render(Login, { studio });
    await fireEvent.input(screen.getByLabelText('Token'), { target: { value: 'wrong' } });
    await fireEvent.click(screen.getByText('Log in'));
    expect((await screen.findByRole('alert')).textContent).toContain('--token');
  });
});
