import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

const server = process.env.STILLREEL_SERVER ?? 'http://127.0.0.1:7860';

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  // Nothing is inlined: the page's Content-Security-Policy allows files of its own only.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
  // The service compares Host with Origin: both stay those of this page.
  server: { proxy: { '/v1': { target: server, changeOrigin: false }, '/openapi.json': { target: server, changeOrigin: false } } },
  test: { environment: 'happy-dom', include: ['tests/**/*.test.ts'], restoreMocks: true },
});
