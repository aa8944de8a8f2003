// The page's state: one per page, handed down to every view.
import { Api, ApiError } from './api';
import { draft_from, keep_draft, kept_draft, new_draft, new_seed, spec_of, type Draft, type DraftPicture } from './draft';
import { listen } from './events';
import { browser_language, translate, type Key, type Language } from './i18n';
import { percent } from './format';
import { sentence } from './sentence';
import type { Clip, ClipSpec, Engine, Preset, SystemFacts } from './types';

export type View = 'create' | 'queue' | 'gallery' | 'system';
export const VIEWS: View[] = ['create', 'queue', 'gallery', 'system'];

export interface Notice {
  id: number;
  text: string;
  bad: boolean;
  action?: { label: string; run: () => void };
}

export interface Upload {
  id: number;
  file: File;
  failed: string;
}

const NOTICE_MS = 8000;
const GALLERY_PAGE = 60;
/** Below this, a day of clips may not fit any more. */
export const LOW_DISK_BYTES = 5e9;

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // The page works on without a memory.
  }
}

export class Studio {
  language = $state<Language>((stored('stillreel.language') as Language | null) ?? browser_language());
  theme = $state<'light' | 'dark'>(
    (stored('stillreel.theme') as 'light' | 'dark' | null) ??
      (globalThis.matchMedia?.('(prefers-color-scheme: light)').matches ? 'light' : 'dark'));
  view = $state<View>('create');
  locked_out = $state(false);
  token_needed = $state(false);
  connected = $state(true);
  paused = $state(false);
  clips = $state<Record<string, Clip>>({});
  /** Where older clips begin; null: all are here. */
  next_before = $state<string | null>(null);
  loaded = $state(false);
  draft = $state<Draft>(kept_draft());
  uploads = $state<Upload[]>([]);
  /** Pictures that came in through this page, in full size; the service shows small ones. */
  sources = $state<Record<string, string>>({});
  presets = $state<Preset[]>([]);
  engines = $state<Engine[]>([]);
  system = $state<SystemFacts | null>(null);
  notices = $state<Notice[]>([]);
  /** Seconds since 1970, every second: for time left. */
  now = $state(Date.now() / 1000);

  all = $derived(Object.values(this.clips).filter((clip) => !clip.deleted));
  running = $derived(this.all.filter((clip) => clip.state === 'running'));
  waiting = $derived(
    this.all.filter((clip) => clip.state === 'queued').sort((a, b) => (a.queue_position ?? 1e9) - (b.queue_position ?? 1e9)));
  finished = $derived(this.all.filter((clip) => clip.state === 'completed').sort(newest_first));
  stopped = $derived(this.all.filter((clip) => clip.state === 'failed' || clip.state === 'cancelled').sort(newest_first));
  title = $derived.by(() => {
    const clip = this.running[0];
    const at_work = clip ? `${percent(clip.progress)} · ` : this.waiting.length > 0 ? `(${this.waiting.length}) ` : '';
    return `${at_work}${this.t(this.view)} – stillreel`;
  });

  private told_at = new Map<string, number>();
  private queue_timer: ReturnType<typeof setTimeout> | undefined;
  private close_events: (() => void) | undefined;
  private last_number = 0;
  private order_key = '';
  private ordered_key = '';

  constructor(readonly api = new Api()) {
    api.on_locked_out = () => {
      this.locked_out = true;
      this.close_events?.();
      this.close_events = undefined;
    };
  }

  t = (key: Key, values?: Record<string, string | number>) => translate(this.language, key, values);

  /** Asks whether a token is needed, and begins. */
  async start(): Promise<void> {
    try {
      const session = await this.api.session();
      this.token_needed = session.token_needed;
      this.locked_out = session.token_needed && !session.logged_in;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.connected = false;
    }
    if (!this.locked_out) this.begin();
  }

  private begin(): void {
    this.close_events?.();
    this.close_events = listen({
      refresh: () => void this.refresh(),
      clip: (clip) => this.take(clip, true),
      deleted: (id) => delete this.clips[id],
      queue: (paused) => (this.paused = paused),
      connected: (is) => (this.connected = is),
    });
  }

  stop(): void {
    this.close_events?.();
    clearTimeout(this.queue_timer);
  }

  async log_in(token: string): Promise<void> {
    await this.api.log_in(token);
    this.locked_out = false;
    this.begin();
  }

  async log_out(): Promise<void> {
    await this.attempt(async () => {
      await this.api.log_out();
      this.api.on_locked_out();
    });
  }

  async refresh(): Promise<void> {
    await this.attempt(async () => {
      const [waiting, recent, queue, presets, engines, system] = await Promise.all([
        this.api.clips({ state: 'queued,running', order: 'queue', limit: '500' }),
        this.api.clips({ limit: String(GALLERY_PAGE) }),
        this.api.queue(), this.api.presets(), this.api.engines(), this.api.system(),
      ]);
      const fresh: Record<string, Clip> = {};
      for (const clip of [...recent.clips, ...waiting.clips]) fresh[clip.id] = clip;
      for (const id in fresh) this.told_at.set(id, Date.now() / 1000);
      this.clips = fresh;
      this.next_before = recent.next_before;
      this.paused = queue.paused;
      this.presets = presets;
      this.engines = engines;
      this.system = system;
      this.loaded = true;
      await this.check_draft();
    });
  }

  async more(): Promise<void> {
    const before = this.next_before;
    if (!before) return;
    await this.attempt(async () => {
      const page = await this.api.clips({ before, limit: String(GALLERY_PAGE) });
      for (const clip of page.clips) this.clips[clip.id] ??= clip;
      this.next_before = page.next_before;
    });
  }

  take(clip: Clip, told = false): void {
    const before = this.clips[clip.id];
    this.clips[clip.id] = clip;
    this.told_at.set(clip.id, Date.now() / 1000);
    if (before?.state === clip.state) return;
    // Every other clip's position has changed with it.
    clearTimeout(this.queue_timer);
    this.queue_timer = setTimeout(() => void this.refresh_queue(), 250);
    if (told && before && (clip.state === 'completed' || clip.state === 'failed')) this.tell(clip);
  }

  private async refresh_queue(): Promise<void> {
    try {
      const list = await this.api.clips({ state: 'queued,running', order: 'queue', limit: '500' });
      for (const clip of list.clips) {
        this.clips[clip.id] = clip;
        this.told_at.set(clip.id, Date.now() / 1000);
      }
      this.system = await this.api.system();
    } catch (error) {
      // The event stream says when the connection is back, and everything is read again then.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Counts down between two words of the service, never to less than a second; null: nobody knows. */
  seconds_left(clip: Clip): number | null {
    if (clip.eta_seconds === null) return null;
    if (this.paused && clip.state === 'queued') return clip.eta_seconds;
    return Math.max(1, clip.eta_seconds - (this.now - (this.told_at.get(clip.id) ?? this.now)));
  }

  private tell(clip: Clip): void {
    const failed = clip.state === 'failed';
    if (failed) this.notify(clip.error?.message ?? this.t('failed_title'), { bad: true });
    if (typeof Notification === 'undefined' || Notification.permission !== 'granted' || !document.hidden) return;
    new Notification(this.t(failed ? 'failed_title' : 'done_title'), {
      body: failed ? (clip.error?.message ?? '') : (clip.spec?.prompt ?? ''), tag: clip.id,
    });
  }

  notify(text: string, { bad = false, action }: { bad?: boolean; action?: Notice['action'] } = {}): void {
    const id = ++this.last_number;
    this.notices = [...this.notices.filter((notice) => notice.text !== text), { id, text, bad, action }].slice(-4);
    setTimeout(() => this.dismiss(id), bad ? 2 * NOTICE_MS : NOTICE_MS);
  }
  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
  }

  /** Runs it; says what to do where it fails. Returns whether it went well. */
  async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return false;  // the login says it
      this.notify(sentence(error, this.language), { bad: true });
      if (!(error instanceof ApiError)) throw error;
      return false;
    }
  }

  go(view: View): void {
    this.view = view;
    scrollTo(0, 0);
    if (location.hash !== `#${view}`) history.pushState(null, '', `#${view}`);
  }
  choose_language(language: Language): void {
    this.language = language;
    store('stillreel.language', language);
  }
  choose_theme(theme: 'light' | 'dark'): void {
    this.theme = theme;
    store('stillreel.theme', theme);
  }

  // --- the draft

  get picture(): DraftPicture | undefined {
    return this.draft.pictures[this.draft.chosen];
  }
  get spec(): ClipSpec {
    return spec_of(this.draft, this.picture);
  }
  keep_draft(): void {
    keep_draft($state.snapshot(this.draft));
  }
  reset_draft(): void {
    this.draft = new_draft();
  }

  private async check_draft(): Promise<void> {
    if (this.draft.pictures.length === 0) return;
    const there = new Set((await this.api.assets()).map((asset) => asset.id));
    const left = this.draft.pictures.filter((picture) => there.has(picture.id));
    if (left.length === this.draft.pictures.length) return;
    this.draft.pictures = left;
    this.draft.chosen = 0;
    this.notify(this.t('picture_gone'), { bad: true });
  }

  /** Pictures go into the draft, a clip made by stillreel restores its settings. */
  async take_files(files: Iterable<File>): Promise<void> {
    const list = [...files];
    const clip = list.find((file) => file.type === 'video/mp4' || file.name.toLowerCase().endsWith('.mp4'));
    if (clip) return this.restore(clip);
    if (list.length > 0) this.go('create');
    const begun = list.map((file) => {
      this.uploads.push({ id: ++this.last_number, file, failed: '' });
      return this.uploads.at(-1) as Upload;
    });
    // One after the other: their order is the one in which they were chosen.
    for (const upload of begun) await this.upload(upload);
  }

  async upload(upload: Upload): Promise<void> {
    upload.failed = '';
    try {
      const asset = await this.api.upload(upload.file, upload.file.name || 'pasted.png');
      this.uploads = this.uploads.filter((other) => other.id !== upload.id);
      this.sources[asset.id] ??= URL.createObjectURL(upload.file);
      this.draft.pictures.push({ ...asset, focus: null });
      this.draft.chosen = this.draft.pictures.length - 1;
    } catch (error) {
      upload.failed = sentence(error, this.language);
    }
  }

  forget_upload(id: number): void {
    this.uploads = this.uploads.filter((upload) => upload.id !== id);
  }

  remove_picture(index: number): void {
    this.draft.pictures.splice(index, 1);
    this.draft.chosen = Math.max(0, Math.min(this.draft.chosen, this.draft.pictures.length - 1));
  }

  private async restore(file: File): Promise<void> {
    await this.attempt(async () => {
      const recipe = await this.api.recipe(file);
      const made_from = recipe.picture as { sha256?: string } | undefined;
      const asset = made_from?.sha256
        ? (await this.api.assets()).find((one) => one.sha256 === made_from.sha256) : undefined;
      const spec = { ...(recipe.spec as ClipSpec | undefined) };
      spec.seed ??= recipe.seed as number | undefined;
      this.draft = draft_from(spec, asset ? [asset] : []);
      this.go('create');
      this.notify(asset ? this.t('recipe_restored', { name: file.name }) : this.t('recipe_no_picture'));
    });
  }

  async use_again(clip: Clip): Promise<void> {
    await this.attempt(async () => {
      const spec = clip.spec ?? {};
      const found = spec.picture ? (await this.api.assets()).filter((asset) => asset.id === spec.picture) : [];
      const seed = spec.seed ?? (clip.result?.seed as number | undefined);
      this.draft = draft_from({ ...spec, seed }, found);
      this.go('create');
    });
  }

  async last_frame_as_first(clip: Clip): Promise<void> {
    await this.attempt(async () => {
      const last = Math.max(0, (clip.frames ?? 1) - 1);
      const frame = await this.api.frame(clip.id, last);
      const asset = await this.api.upload(frame, `${clip.id}-frame-${last}.jpg`);
      this.draft.pictures = [{ ...asset, focus: null }];
      this.draft.chosen = 0;
      this.go('create');
    });
  }

  /** The same order sent twice, after a lost answer, is one order: the key changes with what is ordered. */
  async queue_it(): Promise<boolean> {
    const { draft } = this;
    const specs = draft.pictures.map((picture) => spec_of(draft, picture));
    const many = specs.length > 1;
    // In a batch, a seed that is not locked is drawn for each of its clips.
    const order = many && !draft.seed_locked ? specs.map(({ seed: _, ...rest }) => rest) : specs;
    const content = JSON.stringify(order);
    if (content !== this.ordered_key) {
      this.ordered_key = content;
      this.order_key = random_key();
    }
    return this.attempt(async () => {
      if (many) for (const clip of (await this.api.create_many(order, draft.seed_locked, this.order_key)).clips) this.take(clip);
      else this.take(await this.api.create(order[0] ?? {}, this.order_key));
      this.ordered_key = '';
      if (!draft.seed_locked) draft.seed = new_seed();
      this.notify(many ? this.t('queued_notes', { n: specs.length }) : this.t('queued_note'),
        { action: { label: this.t('show_queue'), run: () => this.go('queue') } });
    });
  }

  // --- clips

  change(work: () => Promise<Clip>): Promise<boolean> {
    return this.attempt(async () => this.take(await work()));
  }

  /** Shown in its new place at once; the service's word follows. */
  async reorder(id: string, other: string, side: 'before' | 'after'): Promise<void> {
    if (id === other) return;
    const order = this.waiting.map((clip) => clip.id).filter((one) => one !== id);
    order.splice(order.indexOf(other) + (side === 'after' ? 1 : 0), 0, id);
    order.forEach((one, index) => {
      const clip = this.clips[one];
      if (clip) clip.queue_position = index + 1;
    });
    await this.attempt(async () => {
      await this.api.change(id, { [side]: other });
    });
    await this.refresh_queue();
  }

  async remove(clip: Clip): Promise<void> {
    await this.attempt(async () => {
      await this.api.remove(clip.id);
      delete this.clips[clip.id];
      this.notify(this.t('deleted_note'), {
        action: { label: this.t('undo'), run: () => void this.change(() => this.api.change(clip.id, { deleted: false })) },
      });
    });
  }

  async pause_or_resume(): Promise<void> {
    await this.attempt(async () => {
      this.paused = (await (this.paused ? this.api.resume() : this.api.pause())).paused;
    });
  }
}

function newest_first(a: Clip, b: Clip): number {
  return (b.finished_at ?? b.created_at ?? '').localeCompare(a.finished_at ?? a.created_at ?? '');
}

/** randomUUID is there in secure contexts only; a studio in the house is often plain http. */
function random_key(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
