// A question that is asked again when what it is about has been quiet for a while; late answers are dropped.
// Call it while a component is being set up.
import { ApiError } from './api';

/** A service that is busy is asked again after this, a few times; one that is away, until it is back. */
const AGAIN_MS = 2500;
const MOST_TRIES = 4;

export class Asking<T> {
  value = $state<T | null>(null);
  busy = $state(false);
  failure = $state<ApiError | null>(null);
  private again = $state(0);

  /** `subject` returns null when there is nothing to ask; it is read in an effect. */
  constructor(subject: () => string | null, wait_ms: number, ask: (subject: string, signal: AbortSignal) => Promise<T>) {
    $effect(() => {
      const about = subject();
      void this.again;
      if (about === null) {
        this.value = null;
        this.failure = null;
        this.busy = false;
        return;
      }
      const stop = new AbortController();
      let tries = 0;
      const run = async (): Promise<void> => {
        this.busy = true;
        try {
          const answer = await ask(about, stop.signal);
          if (stop.signal.aborted) return;
          this.value = answer;
          this.failure = null;
        } catch (error) {
          if (stop.signal.aborted) return;
          this.failure = error instanceof ApiError ? error : new ApiError(0, '', String(error));
          const away = this.failure.offline;
          const later = away || (this.failure.status === 503 && ++tries < MOST_TRIES);
          if (later) timer = setTimeout(run, AGAIN_MS);
          if (later && !away) return;
        }
        this.busy = false;
      };
      let timer = setTimeout(run, wait_ms);
      return () => {
        clearTimeout(timer);
        stop.abort();
      };
    });
  }

  repeat(): void {
    ++this.again;
  }
}
