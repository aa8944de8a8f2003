// A pretended service for working on the page without a build: node mock/server.mjs [port] [picture.jpg] [clip.mp4].
// Clips "render" in a few seconds; nothing is kept. STILLREEL_MOCK_TOKEN=... makes it ask for a token.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const [port = '7860', picture = join(here, '../../examples/rainy_street.jpg'), film = ''] = process.argv.slice(2);
const token = process.env.STILLREEL_MOCK_TOKEN ?? '';
const pictures = ['rainy_street', 'lake', 'product'].map((name) => join(here, `../../examples/${name}.jpg`));
const assets = new Map();
const clips = new Map();
const listeners = new Set();
const pulls = [];
let paused = false;
let number = 0;

const fresh = (prefix) => `${prefix}${(++number).toString().padStart(4, '0')}`;
const asset_of = (id) => assets.get(id)?.path ?? picture;
function add_asset(name, path = pictures[assets.size % pictures.length]) {
  const asset = { id: fresh('a'), name, format: 'JPEG', width: 1280, height: 720, bytes: 100_000, sha256: `s${number}`, created_at: new Date().toISOString(), path };
  assets.set(asset.id, asset);
  return asset;
}
const queue = () => [...clips.values()].filter((clip) => clip.state === 'queued');
function add_clip(spec, state = 'queued') {
  const now = new Date().toISOString();
  const done = state === 'completed';
  const clip = {
    id: fresh('c'), state, progress: done ? 1 : 0, stage: null, queue_position: null, eta_seconds: null, error: null, spec, engine: 'animatic', width: 912, height: 512,
    frames: 16, priority: 0, batch: null, attempt: 1, cancel_requested: false, favourite: false, deleted: false, created_at: now, started_at: done ? now : null, finished_at: done ? now : null,
    output: done ? `video_20260101_1200${number}.mp4` : null, result: null,
  };
  clips.set(clip.id, clip);
  return clip;
}
function say(event, data) {
  const text = `id: ${++number}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
  for (const one of listeners) one.write(text);
}
const tell = (clip) => say('clip', { kind: 'changed', clip });

setInterval(() => {
  queue().forEach((clip, index) => Object.assign(clip, { queue_position: index + 1, eta_seconds: 12 * (index + 1) }));
  for (const pull of pulls.filter((one) => one.state === 'running')) {
    pull.progress = Math.min(1, pull.progress + 0.02);
    Object.assign(pull, { bytes: pull.progress * pull.total_bytes, eta_seconds: (1 - pull.progress) * 20, state: pull.progress < 1 ? 'running' : 'completed' });
    say('pull', pull);
  }
  let clip = [...clips.values()].find((one) => one.state === 'running');
  if (!clip && !paused) {
    clip = queue()[0];
    if (clip) Object.assign(clip, { state: 'running', queue_position: null, started_at: new Date().toISOString() });
  }
  if (!clip) return;
  clip.progress = Math.min(0.99, clip.progress + 0.04);
  Object.assign(clip, { stage: 'frames', eta_seconds: (1 - clip.progress) * 12 });
  if (clip.progress >= 0.99)
    Object.assign(clip, { state: 'completed', progress: 1, stage: null, eta_seconds: null, output: `${clip.id}.mp4`, finished_at: new Date().toISOString() });
  tell(clip);
}, 400);

for (const path of pictures) add_asset(path.split('/').at(-1), path);
const ids = [...assets.keys()];
['Rain on a night street, camera slowly pushes in', '湖面荡漾，镜头缓慢向左摇', 'The bottle turns, camera orbits right', 'Fog drifts, camera cranes up', 'Clouds drift over the lake'].forEach((prompt, i) =>
  add_clip({ picture: ids[i % 3], prompt, preset: 'standard', seed: 100 + i }, 'completed'));
Object.assign(add_clip({ picture: ids[1], prompt: 'The boat leaves', preset: 'high', engine: 'i2vgen-xl' }), { state: 'failed', engine: 'i2vgen-xl', error: { code: 'out_of_memory', message: 'the clip needs 14.1 GB and 9.2 GB are free: choose the preview preset' } });
for (const prompt of ['Heavy rain, camera slowly pulls out', '镜头缓慢推进，大雨', 'Handheld camera, snow falls']) add_clip({ picture: ids[number % 3], prompt, preset: 'standard' });

const MOVES = /camera[^,.]*|handheld camera|镜头[^，。]*|rain|大雨|snow[^,]*|fog[^,]*/iu;
function plan_of(prompt) {
  const phrases = prompt.split(/[,，.。]/u).map((part) => part.trim()).filter(Boolean).map((text) => ({
    text, reading: MOVES.test(text) ? 'rendered' : /smile|turns|转/u.test(text) ? 'not_rendered' : /zorble/.test(text) ? 'not_understood' : 'scene', meaning: 'in the picture' }));
  const lint = phrases.length < 2 ? [{ rule: 'no_environment', message: 'no environment is named: say where, in what weather or light', suggestion: `${prompt}, on a rainy street at night` }] : [];
  return { phrases, lint, notes: [] };
}
function estimate_of(spec) {
  const [width, height] = (spec.aspect ?? '16:9').split(':').map(Number);
  const side = Number(spec.size ?? 512);
  const wide = Math.round((width >= height ? (side * width) / height : side) / 2) * 2;
  const tall = Math.round((width >= height ? side : (side * height) / width) / 2) * 2;
  const fps = Number(spec.fps ?? 8);
  const seconds = Number(spec.duration ?? 2);
  return { engine: 'animatic', width: wide, height: tall, frames: Math.round(fps * seconds), fps: String(fps), duration: seconds, seconds: (fps * seconds * wide * tall) / 6e6, bytes: wide * tall * fps * seconds * 0.06,
    fits: true, memory_bytes: 4e8 + wide * tall * 200, free_memory_bytes: 9e9, remedies: [], notes: [] };
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
async function body_of(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const text = Buffer.concat(parts).toString('latin1');
  if (!(request.headers['content-type'] ?? '').includes('json')) return { form: text };
  return JSON.parse(Buffer.concat(parts).toString() || '{}');
}

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const json = (status, data) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(data));
  const file = (path, type) => {
    if (!path || !existsSync(path)) return problem(404, 'not_found', 'there is no such file');
    const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '');
    const size = statSync(path).size;
    const [from, to] = range ? [Number(range[1]), range[2] ? Number(range[2]) : size - 1] : [0, size - 1];
    response.writeHead(range ? 206 : 200, { 'Content-Type': type, 'Accept-Ranges': 'bytes', 'Content-Length': to - from + 1, ...(range && { 'Content-Range': `bytes ${from}-${to}/${size}` }) });
    createReadStream(path, { start: from, end: to }).pipe(response);
  };
  const problem = (status, code, detail, field) => response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify({ type: 'about:blank', title: code, status, detail, code, field }));

  const route = `${request.method} ${url.pathname}`;
  const [, , kind, id, part] = url.pathname.split('/');
  const in_session = !token || (request.headers.cookie ?? '').includes('mock=1');
  if (!url.pathname.startsWith('/v1/')) {
    const inside = normalize(join(here, '../dist', url.pathname === '/' ? 'index.html' : url.pathname));
    return file(inside, TYPES[extname(inside)] ?? 'application/octet-stream');
  }
  const body = request.method === 'GET' ? {} : await body_of(request);
  if (route === 'GET /v1/session') return json(200, { token_needed: !!token, logged_in: in_session });
  if (route === 'POST /v1/session') {
    if (body.token !== token) return problem(401, 'unauthorized', 'this is not the server’s token');
    return response.writeHead(204, { 'Set-Cookie': 'mock=1; HttpOnly; SameSite=Strict; Path=/' }).end();
  }
  if (!in_session) return problem(401, 'unauthorized', 'this server needs its token');

  if (route === 'GET /v1/events') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(`retry: 2000\n\nid: ${number}\nevent: hello\ndata: {}\n\n`);
    listeners.add(response);
    return request.on('close', () => listeners.delete(response));
  }
  if (route === 'GET /v1/assets') return json(200, { assets: [...assets.values()] });
  if (route === 'POST /v1/assets') return json(201, add_asset(/filename="([^"]*)"/.exec(body.form)?.[1] ?? 'picture'));
  if (kind === 'assets' && part === 'thumbnail') return file(asset_of(id), 'image/jpeg');
  if (route === 'POST /v1/plan') return json(200, plan_of(body.prompt ?? ''));
  if (route === 'POST /v1/estimate') return Number(body.size) > 4096 ? problem(422, 'invalid_argument', 'size must be at most 4096', 'size') : json(200, estimate_of(body));
  if (route === 'POST /v1/previews') return file(film, 'video/mp4');
  if (route === 'POST /v1/recipes') return json(200, { spec: { prompt: 'Camera slowly pushes in', preset: 'high' }, seed: 7, picture: { sha256: assets.get(ids[0]).sha256 } });
  if (route === 'GET /v1/queue' || kind === 'queue') {
    if (id) paused = id === 'pause';
    const counts = {};
    for (const clip of clips.values()) counts[clip.state] = (counts[clip.state] ?? 0) + 1;
    return json(200, { paused, clips: counts, workers: [{ name: 'render-1', lane: 'render', process_id: 4242 }, { name: 'quick-1', lane: 'quick', process_id: 4243 }] });
  }
  if (route === 'GET /v1/presets') return json(200, { presets: [['preview', 512, 8, '8', 1, 30, 9], ['standard', 512, 16, '8', 2, 50, 9], ['high', 768, 24, '12', 2, 80, 10]]
    .map(([name, size, frames, fps, duration, steps, guidance]) => ({ name, purpose: '', size, frames, fps, duration, steps, guidance })) });
  if (route === 'GET /v1/engines') return json(200, { engines: [{ name: 'animatic', purpose: 'moves the picture itself: camera, weather, light, in seconds', available: true, reason: null, limits: {} },
    { name: 'i2vgen-xl', purpose: 'a diffusion model that invents motion, in minutes to hours', available: false, reason: 'its weights are not here: stillreel models pull i2vgen-xl', limits: {} }] });
  if (route === 'GET /v1/models/pulls') return json(200, { pulls });
  if (route === 'POST /v1/models/pulls') {
    const pull = { id: fresh('p'), model: body.model, variant: null, state: 'running', progress: 0, file: 'unet/diffusion_pytorch_model.safetensors', bytes: 0, total_bytes: 14e9, eta_seconds: 20, error: null };
    pulls.push(pull);
    return json(202, pull);
  }
  if (url.pathname.startsWith('/v1/models/pulls/')) {
    const pull = pulls.find((one) => url.pathname.includes(one.id));
    if (!pull) return problem(404, 'not_found', 'there is no such pull');
    say('pull', Object.assign(pull, { state: 'cancelled' }));
    return json(200, pull);
  }
  if (route === 'GET /v1/models') return json(200, { models: [] });
  if (route === 'GET /v1/system') return json(200, { version: 'mock', disk_free_bytes: Number(process.env.STILLREEL_MOCK_DISK ?? 2.1e11), disk_total_bytes: 5e11, memory_free_bytes: 9e9, memory_total_bytes: 24e9, threads: 8, uptime_seconds: 5400, listeners: listeners.size, worker_ready: true });
  if (route === 'GET /v1/clips') {
    const states = url.searchParams.get('state')?.split(',');
    return json(200, { clips: [...clips.values()].filter((clip) => !clip.deleted && (!states || states.includes(clip.state))), next_before: null });
  }
  if (route === 'POST /v1/clips') return json(202, add_clip(body));
  if (route === 'POST /v1/batches') return json(202, { batch: 'b', clips: body.clips.map((spec) => add_clip(spec)) });
  const clip = clips.get(id);
  if (kind !== 'clips' || !clip) return problem(404, 'not_found', 'there is no such thing');
  if (part === 'content') return file(film, 'video/mp4');
  if (['thumbnail', 'strip', 'frame'].includes(part)) return file(asset_of(clip.spec.picture), 'image/jpeg');
  if (part === 'log') return json(200, { lines: [{ at: clip.created_at, level: 'info', text: 'queued' }, { at: clip.created_at, level: 'warning', text: 'a pretended line' }] });
  if (part === 'cancel') Object.assign(clip, { state: 'cancelled' });
  if (part === 'retry') Object.assign(clip, { state: 'queued', error: null, progress: 0 });
  if (part === 'duplicate') return json(202, add_clip(clip.spec));
  if (request.method === 'DELETE') {
    clip.deleted = true;
    say('deleted', { id });
    return response.writeHead(204).end();
  }
  if (request.method === 'PATCH') {
    const other = body.before ?? body.after;
    if (other) {
      const order = [...clips.values()].filter((one) => one.id !== id);
      order.splice(order.findIndex((one) => one.id === other) + (body.after ? 1 : 0), 0, clip);
      clips.clear();
      for (const one of order) clips.set(one.id, one);
    }
    for (const field of ['favourite', 'deleted']) if (field in body) clip[field] = body[field];
  }
  tell(clip);
  json(200, clip);
}).listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${port}`));
