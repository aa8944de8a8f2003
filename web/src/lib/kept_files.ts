// Pictures that are not uploaded yet, kept in the browser (IndexedDB), so that a reload loses none of them.
// Where the browser keeps nothing (private windows), their names at least are kept, to say what was lost.

export interface KeptFile {
  id: string;
  file: File;
}

export interface KeptFiles {
  keep(id: string, file: File): Promise<void>;
  forget(id: string): Promise<void>;
  /** What an earlier life of this page left behind, in the order in which it came; not what this one has `begun`. */
  left_behind(begun: ReadonlySet<string>): Promise<{ files: KeptFile[]; lost: string[] }>;
}

interface Entry {
  id: string;
  page: string;
  at: number;
  name: string;
  type: string;
  blob: Blob;
}

const NAMES = 'stillreel.uploads.1';
/** A page that has not finished an upload by then is gone. */
const ORPHAN_MS = 10 * 60_000;

/** The same for every life of one tab, another for every tab. */
function page_id(): string {
  try {
    const known = sessionStorage.getItem('stillreel.page') ?? String(Math.random()).slice(2);
    sessionStorage.setItem('stillreel.page', known);
    return known;
  } catch {
    return 'page';
  }
}

function names(): Record<string, string> {
  try {
    return JSON.parse(sessionStorage.getItem(NAMES) ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}
function keep_names(change: (all: Record<string, string>) => void): void {
  const all = names();
  change(all);
  try {
    sessionStorage.setItem(NAMES, JSON.stringify(all));
  } catch {
    // Nothing can be kept, then.
  }
}

const done = <T>(request: IDBRequest<T>) => new Promise<T>((good, bad) => {
  request.onsuccess = () => good(request.result);
  request.onerror = () => bad(request.error as DOMException);
});

export class BrowserFiles implements KeptFiles {
  private readonly page = page_id();
  private opened: Promise<IDBDatabase> | undefined;

  private open(): Promise<IDBDatabase> {
    this.opened ??= (() => {
      const request = indexedDB.open('stillreel', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('uploads', { keyPath: 'id' });
      return done(request);
    })();
    return this.opened;
  }
  private async table(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    return (await this.open()).transaction('uploads', mode).objectStore('uploads');
  }

  async keep(id: string, file: File): Promise<void> {
    keep_names((all) => (all[id] = file.name));
    const entry: Entry = { id, page: this.page, at: Date.now(), name: file.name, type: file.type, blob: file };
    await this.quietly(async () => void (await done((await this.table('readwrite')).put(entry))));
  }

  async forget(id: string): Promise<void> {
    keep_names((all) => delete all[id]);
    await this.quietly(async () => void (await done((await this.table('readwrite')).delete(id))));
  }

  async left_behind(begun: ReadonlySet<string>): Promise<{ files: KeptFile[]; lost: string[] }> {
    const files: KeptFile[] = [];
    await this.quietly(async () => {
      const entries = (await done((await this.table('readonly')).getAll())) as Entry[];
      const mine = entries.filter((one) => !begun.has(one.id) && (one.page === this.page || Date.now() - one.at > ORPHAN_MS)).sort((a, b) => a.at - b.at);
      for (const one of mine) files.push({ id: one.id, file: new File([one.blob], one.name, { type: one.type }) });
    });
    const found = new Set(files.map((one) => one.id));
    const lost = Object.entries(names()).filter(([id]) => !found.has(id) && !begun.has(id));
    keep_names((all) => lost.forEach(([id]) => delete all[id]));
    return { files, lost: lost.map(([, name]) => name) };
  }

  /** The page works on without a memory. */
  private async quietly(work: () => Promise<void>): Promise<void> {
    if (typeof indexedDB === 'undefined') return;
    try {
      await work();
    } catch {
      this.opened = undefined;
    }
  }
}
