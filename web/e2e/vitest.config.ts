import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Browser tests: no Svelte here, the page under test is the one inside the built program.
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: { environment: 'node', include: ['e2e/**/*.e2e.ts'], testTimeout: 120_000, hookTimeout: 60_000, expect: { poll: { timeout: 20_000 } } },
});
