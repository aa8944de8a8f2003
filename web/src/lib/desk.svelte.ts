// What is being made: the draft, its pictures on their way to the service, a clip being edited, a job sheet.
// All of it survives a reload.
import { ApiError } from './api';
import { change_to, draft_from, keep_draft, kept_draft, new_draft, new_seed, spec_of, type Draft, type DraftPicture, type Editing } from './draft';
import { BrowserFiles, type KeptFiles } from './kept_files';
import { sentence } from './sentence';
import { read_sheet, type Sheet } from './sheet';
import type { Studio } from './studio.svelte';
import type { Asset, Clip, ClipSpec } from './types';

export interface Upload {
  id: string;
  file: File;
  failed: string;
  /** Nothing answered: it is tried again when the connection is back. */
  offline: boolean;
  sending: boolean;
}

const is_clip = (file: File) => file.type === 'video/mp4' || file.name.toLowerCase().endsWith('.mp4');
const is_sheet = (file: File) => /\.(csv|tsv)$/i.test(file.name) || file.type === 'text/csv';

export class Desk {
  draft = $state<Draft>(new_draft());
  editing = $state<Editing | null>(null);
  sheet = $state<Sheet | null>(null);
  private sheet_text = $state('');
  uploads = $state<Upload[]>([]);
  /** Pictures that came in through this page, in full size; the service shows small ones. */
  sources = $state<Record<string, string>>({});
  /** What was uploaded before, newest first. */
  assets = $state<Asset[]>([]);

  picture: DraftPicture | undefined = $derived(this.draft.pictures[this.draft.chosen]);
  spec: ClipSpec = $derived(spec_of(this.draft, this.picture));

  private order_key = '';
  private ordered = '';
  private found = false;
  /** Uploads of this life of the page. */
  private readonly begun = new Set<string>();

  constructor(private readonly studio: Studio, private readonly files: KeptFiles = new BrowserFiles()) {
    const { draft, editing, sheet } = kept_draft();
    this.draft = draft;
    this.editing = editing;
    if (sheet) this.take_sheet(sheet.name, sheet.text);
  }

  keep(): void {
    const sheet = this.sheet ? { name: this.sheet.name, text: this.sheet_text } : null;
    keep_draft({ draft: $state.snapshot(this.draft), editing: $state.snapshot(this.editing), sheet });
  }
  reset(): void {
    const before = $state.snapshot(this.draft);
    this.draft = new_draft();
    this.editing = null;
    this.sheet = null;
    this.studio.notify(this.studio.t('reset_note'), { action: { label: this.studio.t('undo'), run: () => (this.draft = before) } });
  }

  /** After every new beginning of the connection: what is gone from the service, and what never reached it. */
  async refresh(): Promise<void> {
    this.assets = await this.studio.api.assets();
    const there = new Set(this.assets.map((asset) => asset.id));
    const left = this.draft.pictures.filter((picture) => there.has(picture.id));
    if (left.length < this.draft.pictures.length) {
      this.draft.pictures = left;
      this.draft.chosen = 0;
      this.studio.notify(this.studio.t('picture_gone'), { bad: true });
    }
    if (!this.found) {
      this.found = true;
      const { files, lost } = await this.files.left_behind(this.begun);
      if (lost.length > 0) this.studio.notify(this.studio.t('upload_lost', { names: lost.join(', ') }), { bad: true });
      if (files.length > 0) this.studio.notify(this.studio.t('upload_found', { n: files.length }));
      for (const { id, file } of files) this.begin(id, file);
    }
    for (const upload of this.uploads) if (!upload.failed || upload.offline) await this.upload(upload);
  }

  /** The words of the chosen picture: its own, where it has them. */
  get prompt(): string {
    return this.picture?.prompt ?? this.draft.prompt;
  }
  set prompt(text: string) {
    if (this.picture?.prompt !== undefined) this.picture.prompt = text;
    else this.draft.prompt = text;
  }
  own_prompt(): void {
    if (this.picture) this.picture.prompt ??= this.draft.prompt;
  }
  share_prompt(): void {
    if (this.picture) delete this.picture.prompt;
  }

  // --- files

  /** Pictures go into the draft, a clip made by stillreel restores its settings, a CSV is a job sheet. */
  async take_files(files: Iterable<File>): Promise<void> {
    const list = [...files];
    const clip = list.find(is_clip);
    if (clip) return this.restore(clip);
    if (list.length > 0) this.studio.go('create');
    const sheet = list.find(is_sheet);
    if (sheet) this.take_sheet(sheet.name, await sheet.text());
    const begun = list.filter((file) => !is_sheet(file)).map((file) => this.begin(random_key(), file));
    // One after the other: their order is the one in which they were chosen.
    for (const upload of begun) await this.upload(upload);
  }

  private begin(id: string, file: File): Upload {
    this.uploads.push({ id, file, failed: '', offline: false, sending: false });
    this.begun.add(id);
    void this.files.keep(id, file);
    return this.uploads.at(-1) as Upload;
  }

  async upload(upload: Upload): Promise<void> {
    if (upload.sending) return;
    Object.assign(upload, { failed: '', offline: false, sending: true });
    try {
      const asset = await this.studio.api.upload(upload.file, upload.file.name || 'pasted.png');
      if (!this.uploads.some((other) => other.id === upload.id)) return;  // given up meanwhile
      this.forget_upload(upload.id);
      this.sources[asset.id] ??= URL.createObjectURL(upload.file);
      this.assets = [asset, ...this.assets.filter((other) => other.id !== asset.id)];
      if (!this.sheet) this.add_picture(asset);
    } catch (error) {
      upload.failed = sentence(error, this.studio.language);
      upload.offline = error instanceof ApiError && (error.offline || error.status === 503);
    }
    upload.sending = false;
  }

  forget_upload(id: string): void {
    this.uploads = this.uploads.filter((upload) => upload.id !== id);
    void this.files.forget(id);
  }

  add_picture(asset: Asset): void {
    this.draft.pictures.push({ ...asset, focus: null });
    this.draft.chosen = this.draft.pictures.length - 1;
  }
  /** Where the crop looks; null: at the subject, which stillreel finds. */
  look_at(focus: DraftPicture['focus']): void {
    if (this.picture) this.picture.focus = focus;
  }
  remove_picture(index: number): void {
    this.draft.pictures.splice(index, 1);
    this.draft.chosen = Math.max(0, Math.min(this.draft.chosen, this.draft.pictures.length - 1));
  }

  // --- settings of clips

  private restore(file: File): Promise<void> {
    return this.studio.attempt(async () => {
      const recipe = await this.studio.api.recipe(file);
      const made_from = recipe.picture as { sha256?: string } | undefined;
      const asset = made_from?.sha256 ? (await this.studio.api.assets()).find((one) => one.sha256 === made_from.sha256) : undefined;
      const spec = { ...(recipe.spec as ClipSpec | undefined) };
      spec.seed ??= recipe.seed as number | undefined;
      this.begin_anew(draft_from(spec, asset ? [asset] : []));
      this.studio.notify(asset ? this.studio.t('recipe_restored', { name: file.name }) : this.studio.t('recipe_no_picture'));
    }).then(() => {});
  }

  private begin_anew(draft: Draft): void {
    this.draft = draft;
    this.editing = null;
    this.sheet = null;
    this.studio.go('create');
  }

  private async pictures_of(spec: ClipSpec): Promise<Asset[]> {
    this.assets = await this.studio.api.assets();
    return this.assets.filter((asset) => asset.id === spec.picture);
  }

  async use_again(clip: Clip): Promise<void> {
    await this.studio.attempt(async () => {
      const spec = { ...clip.spec, seed: clip.spec?.seed ?? (clip.result?.seed as number | undefined) };
      this.begin_anew(draft_from(spec, await this.pictures_of(spec)));
    });
  }

  async last_frame_as_first(clip: Clip): Promise<void> {
    await this.studio.attempt(async () => {
      const last = Math.max(0, (clip.frames ?? 1) - 1);
      const frame = await this.studio.api.frame(clip.id, last);
      const asset = await this.studio.api.upload(frame, `${clip.id}-frame-${last}.jpg`);
      this.sources[asset.id] ??= URL.createObjectURL(frame);
      this.draft.pictures = [{ ...asset, focus: null }];
      this.draft.chosen = 0;
      this.editing = null;
      this.sheet = null;
      this.studio.go('create');
    });
  }

  // --- a queued clip

  async edit(clip: Clip): Promise<void> {
    await this.studio.attempt(async () => {
      const spec = clip.spec ?? {};
      const pictures = await this.pictures_of(spec);
      this.editing = { id: clip.id, spec, waiting: this.editing?.waiting ?? $state.snapshot(this.draft) };
      this.draft = draft_from(spec, pictures);
      this.sheet = null;
      this.studio.go('create');
    });
  }

  /** The draft that waited comes back. */
  end_edit(): void {
    if (this.editing) this.draft = this.editing.waiting;
    this.editing = null;
  }

  async save_edit(): Promise<boolean> {
    const editing = this.editing;
    if (!editing) return false;
    return this.studio.attempt(async () => {
      const change = change_to(this.spec, editing.spec);
      if (Object.keys(change).length > 0) this.studio.take(await this.studio.api.change(editing.id, change));
      this.end_edit();
      this.studio.go('queue');
      this.studio.notify(this.studio.t('edit_saved'));
    });
  }

  // --- orders

  /** The same order sent twice, after a lost answer, is one order: the key changes with what is ordered. */
  private key_of(content: string): string {
    if (content !== this.ordered) {
      this.ordered = content;
      this.order_key = random_key();
    }
    return this.order_key;
  }
  private queued(clips: Clip[]): void {
    for (const clip of clips) this.studio.take(clip);
    this.ordered = '';
    if (!this.draft.seed_locked) this.draft.seed = new_seed();
    this.studio.notify(clips.length > 1 ? this.studio.t('queued_notes', { n: clips.length }) : this.studio.t('queued_note'),
      { action: { label: this.studio.t('show_queue'), run: () => this.studio.go('queue') } });
  }

  async queue_it(): Promise<boolean> {
    const { draft, studio } = this;
    const specs = draft.pictures.map((picture) => spec_of(draft, picture));
    const many = specs.length > 1;
    // In a batch, a seed that is not locked is drawn for each of its clips.
    const order = many && !draft.seed_locked ? specs.map(({ seed: _, ...rest }) => rest) : specs;
    const key = this.key_of(JSON.stringify(order));
    return studio.attempt(async () => {
      this.queued(many ? (await studio.api.create_many(order, draft.seed_locked, key)).clips : [await studio.api.create(order[0] ?? {}, key)]);
    });
  }

  take_sheet(name: string, text: string): void {
    this.sheet = read_sheet(name, text);
    this.sheet_text = text;
    this.editing = null;
  }
  /** Throws ApiError: the sheet shows it at its row. */
  async queue_sheet(csv: string, common: ClipSpec): Promise<void> {
    const options = { spec: common, same_seed: this.draft.seed_locked };
    const made = await this.studio.api.create_sheet(csv, options, this.key_of(csv + JSON.stringify(options)));
    this.sheet = null;
    this.queued(made.clips);
  }
}

/** randomUUID is there in secure contexts only; a studio in the house is often plain http. */
function random_key(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
