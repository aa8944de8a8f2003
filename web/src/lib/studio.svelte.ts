// The page's state: one per page, handed down to every view.
import { Api, ApiError } from './api';
import { Desk } from './desk.svelte';
import { listen } from './events';
import { browser_language, messages, translate, type Key, type Language } from './i18n';
import { percent } from './format';
import { failure_text, sentence } from './sentence';
import type { Clip, Engine, Preset, Pull, SystemFacts } from './types';

export type View = 'create' | 'queue' | 'gallery' | 'system';
export const VIEWS: View[] = ['create', 'queue', 'gallery', 'system'];

export interface Notice {
  id: number;
  text: string;
  bad: boolean;
  action?: { label: string; run: () => void };
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
  presets = $state<Preset[]>([]);
  engines = $state<Engine[]>([]);
  system = $state<SystemFacts | null>(null);
  pulls = $state<Pull[]>([]);
  notices = $state<Notice[]>([]);
  /** Grows when everything was read anew: pictures that failed are asked for again. */
  revision = $state(0);
  notifications = $state<NotificationPermission>(typeof Notification === 'undefined' ? 'denied' : Notification.permission);
  /** People who asked their system for less motion get pictures that hold still until they press play. */
  readonly calm = globalThis.matchMedia?.('(prefers-reduced-motion: reduce)').matches ?? false;
  readonly desk: Desk;
  /** Seconds since 1970, every second: for time left. */
  now = $state(Date.now() / 1000);

  all = $derived(Object.values(this.clips).filter((clip) => !clip.deleted));
  running = $derived(this.all.filter((clip) => clip.state === 'running'));
  waiting = $derived(
    this.all.filter((clip) => clip.state === 'queued').sort((a, b) => (a.queue_position ?? 1e9) - (b.queue_position ?? 1e9)));
  finished = $derived(this.all.filter((clip) => clip.state === 'completed').sort(newest_first));
  stopped = $derived(this.all.filter((clip) => clip.state === 'failed' || clip.state === 'cancelled').sort(newest_first));
  pulling = $derived(this.pulls.filter((pull) => pull.state === 'running' || pull.state === 'queued'));
  /** Of the work under way that somebody waits for; null: there is none. */
  progress = $derived<number | null>(this.running[0]?.progress ?? this.pulling[0]?.progress ?? null);
  title = $derived.by(() => {
    const at_work = this.progress !== null ? `${percent(this.progress)} · ` : this.waiting.length > 0 ? `(${this.waiting.length}) ` : '';
    return `${at_work}${this.t(this.view)} – stillreel`;
  });

  private told_at = new Map<string, number>();
  private queue_timer: ReturnType<typeof setTimeout> | undefined;
  private close_events: (() => void) | undefined;
  private last_number = 0;

  constructor(readonly api = new Api()) {
    this.desk = new Desk(this);
    api.on_locked_out = () => {
      this.locked_out = true;
      this.close_events?.();
      this.close_events = undefined;
    };
  }

  t = (key: Key, values?: Record<string, string | number>) => translate(this.language, key, values);

  stage_text(stage: string | null): string {
    return stage && `stage_${stage}` in messages.en ? this.t(`stage_${stage}` as Key) : (stage ?? '');
  }

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
      pull: (pull) => this.take_pull(pull),
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
      ++this.revision;
      await this.desk.refresh();
      this.pulls = await this.api.pulls();
    });
  }

  async pull(model: string): Promise<void> {
    await this.attempt(async () => this.take_pull(await this.api.pull(model)));
  }
  async cancel_pull(id: string): Promise<void> {
    await this.attempt(async () => this.take_pull(await this.api.cancel_pull(id)));
  }

  private take_pull(pull: Pull): void {
    const before = this.pulls.find((one) => one.id === pull.id);
    this.pulls = before ? this.pulls.map((one) => (one.id === pull.id ? pull : one)) : [pull, ...this.pulls];
    if (before?.state === pull.state || pull.state === 'queued' || pull.state === 'running') return;
    if (pull.state === 'completed') this.announce(this.t('pull_done', { model: pull.model }));
    // What an engine can do has changed with it.
    void this.attempt(async () => {
      this.engines = await this.api.engines();
    });
  }

  async more(limit = GALLERY_PAGE): Promise<void> {
    const before = this.next_before;
    if (!before) return;
    await this.attempt(async () => {
      const page = await this.api.clips({ before, limit: String(limit) });
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
    const reason = clip.error ? failure_text(clip.error, this.language) : '';
    if (failed) this.notify(reason || this.t('failed_title'), { bad: true });
    this.announce(this.t(failed ? 'failed_title' : 'done_title'), failed ? reason : (clip.spec?.prompt ?? ''), clip.id);
  }

  /** To somebody who looks at something else. */
  private announce(title: string, body = '', tag?: string): void {
    if (this.notifications === 'granted' && document.hidden) new Notification(title, { body, tag });
  }
  async ask_for_notifications(): Promise<void> {
    this.notifications = await Notification.requestPermission();
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
