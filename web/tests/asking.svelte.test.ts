import { flushSync } from 'svelte';
import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/lib/api';
import { Asking } from '../src/lib/asking.svelte';

describe('a service that is away', () => {
  it('is asked again until it is back', async () => {
    vi.useFakeTimers();
    const answers = [new ApiError(0, 'offline', ''), new ApiError(0, 'offline', ''), 'here'];
    const ask = vi.fn(async () => {
      const answer = answers.shift();
      if (answer instanceof ApiError) throw answer;
      return answer;
    });
    let asking: Asking<unknown> | undefined;
    const stop = $effect.root(() => {
      asking = new Asking(() => 'a', 10, ask);
    });
    flushSync();
    await vi.advanceTimersByTimeAsync(20);
    expect(asking?.failure?.offline).toBe(true);
    expect(asking?.busy).toBe(false);
    await vi.advanceTimersByTimeAsync(6000);
    expect(asking?.value).toBe('here');
    expect(asking?.failure).toBeNull();
    stop();
    vi.useRealTimers();
  });
});
