// The service's event stream, for as long as the page is open. EventSource resumes by itself with
// Last-Event-ID; where it gives up (the server refused, a proxy failed), a new one is opened after a pause.
import type { Clip, Pull } from './types';

export interface Listener {
  /** Everything has to be read again: the stream began, or events were missed. */
  refresh(): void;
  clip(clip: Clip): void;
  deleted(id: string): void;
  queue(paused: boolean): void;
  pull(pull: Pull): void;
  connected(is: boolean): void;
}

const LONGEST_PAUSE_MS = 15_000;

/** Returns what closes it. */
export function listen(listener: Listener, open = (url: string) => new EventSource(url)): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause_ms = 1000;
  let closed = false;

  const start = () => {
    if (closed) return;
    const stream = open('/v1/events');
    source = stream;
    const on = (name: string, act: (data: never) => void) =>
      stream.addEventListener(name, (event) => act(JSON.parse((event as MessageEvent<string>).data) as never));
    stream.addEventListener('open', () => {
      pause_ms = 1000;
      listener.connected(true);
    });
    // At every beginning, resumed or new: what has no events of its own may have changed meanwhile.
    on('hello', () => listener.refresh());
    on('reset', () => listener.refresh());
    on('clip', (data: { clip: Clip }) => listener.clip(data.clip));
    on('deleted', (data: { id: string }) => listener.deleted(data.id));
    on('queue', (data: { paused: boolean }) => listener.queue(data.paused));
    on('pull', (data: Pull) => listener.pull(data));
    stream.addEventListener('error', () => {
      listener.connected(false);
      if (stream.readyState !== 2) return;  // CLOSED: it will not try again by itself
      stream.close();
      timer = setTimeout(start, pause_ms);
      pause_ms = Math.min(pause_ms * 2, LONGEST_PAUSE_MS);
    });
  };
  start();
  return () => {
    closed = true;
    clearTimeout(timer);
    source?.close();
  };
}
