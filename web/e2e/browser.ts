// Debian's Chromium, and the page as a person finds it: by what it says and what things are, not by its markup.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFailed } from 'vitest';
import { translate, type Key, type Language } from '../src/lib/i18n';
import type { View } from '../src/lib/studio.svelte';
import { picture_file, Service, TREE } from './service';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path)) ?? 'chromium';

/** A service and a browser for the tests of a file. */
export function studio_for_tests(token = '') {
  const studio = {} as { service: Service; browser: Browser };
  beforeAll(async () => {
    studio.service = await Service.start(token);
    studio.browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--disable-dev-shm-usage', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])] });
  });
  afterAll(async () => {
    await studio.browser?.close();
    await studio.service?.stop();
  });
  return studio;
}

/**
 * What comes and goes while it is looked at: the picture of a clip's progress, gone with the end of the clip, and a preview
 * whose successor is there.
 */
const PASSING = / 404 .*\/progress_picture|ERR_FILE_NOT_FOUND blob:/;

export class Visit {
  /** What the browser complained about, and asked others than the service for. */
  readonly complaints: string[] = [];

  private constructor(readonly page: Page, readonly language: Language, readonly service: Service) {}

  static async begin(studio: { service: Service; browser: Browser }, language: Language = 'en', options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await studio.browser.newContext({ locale: language === 'zh' ? 'zh-CN' : 'en-GB', acceptDownloads: true,
      viewport: { width: 1280, height: 800 }, colorScheme: 'dark', ...options });
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    const visit = new Visit(page, language, studio.service);
    page.on('pageerror', (error) => visit.complaints.push(String(error)));
    page.on('console', (message) => {
      const said = `${message.text()} ${message.location().url}`;
      if (message.type() === 'error' && !PASSING.test(said)) visit.complaints.push(said);
    });
    page.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(studio.service.url)) visit.complaints.push(`asks ${request.url()}`);
    });
    onTestFailed(async ({ task }) => {
      const folder = join(TREE, 'build/page-failures');
      mkdirSync(folder, { recursive: true });
      await page.screenshot({ path: join(folder, `${task.name.replace(/\W+/g, '_')}.png`) }).catch(() => {});
      console.error(`complaints: ${visit.complaints.join('\n')}`);
    });
    await page.goto(studio.service.url);
    return visit;
  }

  /** The browser had nothing to complain about, but for what the test itself provoked. */
  async end(provoked = /^$/): Promise<void> {
    await this.page.context().close();
    expect(this.complaints.filter((complaint) => !provoked.test(complaint))).toEqual([]);
  }

  t = (key: Key, values?: Record<string, string | number>) => translate(this.language, key, values);

  button(key: Key, values?: Record<string, string | number>, inside: Page | Locator = this.page): Locator {
    return inside.getByRole('button', { name: this.t(key, values), exact: true });
  }
  get prompt(): Locator {
    return this.page.getByRole('textbox', { name: this.t('prompt'), exact: true });
  }
  /** The texts of the plan under the prompt, each with how it was read. */
  chip(text: string, reading: Key): Locator {
    return this.page.getByRole('listitem').filter({ hasText: text }).filter({ hasText: this.t(reading) });
  }
  picture(number: number, name: string): Locator {
    return this.button('picture_n', { n: number, name });
  }
  film(prompt: string): Locator {
    return this.button('open_clip', { name: prompt });
  }

  async go(view: View): Promise<void> {
    await this.page.getByRole('navigation').getByRole('link', { name: this.t(view) }).click();
    await this.page.getByRole('heading', { level: 1, name: this.t(view), exact: true }).waitFor({ state: 'attached' });
  }

  /** Through the file dialogue, as somebody who does not drag. */
  async choose(...names: string[]): Promise<void> {
    const [dialogue] = await Promise.all([
      this.page.waitForEvent('filechooser'),
      this.page.getByRole('button', { name: this.t('drop_title') }).or(this.button('add_pictures')).click(),
    ]);
    await dialogue.setFiles(names.map(picture_file));
    await this.picture(names.length, names.at(-1) ?? '').waitFor();
  }

  /** The move as it is drawn while one writes. */
  get preview(): Locator {
    return this.page.locator('video').and(this.page.getByLabel(this.t('view_preview'), { exact: true }));
  }

  /** Width, height and frames that the page promises. */
  async promised(): Promise<{ width: number; height: number; frames: number }> {
    const [before, after] = this.t('estimate', { width: 'W', height: 'H', duration: 'D', frames: 'F' }).split('D').map((part) => part.trim());
    const form = (part = '') => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/[WHF]/g, '([0-9]+)');
    const line = new RegExp(`${form(before)}.*${form(after)}`);
    const found = line.exec((await this.page.getByText(line).textContent()) ?? '')?.slice(1).map(Number) ?? [];
    const [width = 0, height = 0, frames = 0] = found;
    return { width, height, frames };
  }

  /** All pictures of the page are there, not only their places. */
  async sees_pictures(at_least: number): Promise<void> {
    await expect.poll(() => this.page.locator('img').evaluateAll((all) => {
      const shown = (all as HTMLImageElement[]).filter((one) => one.checkVisibility());
      return shown.every((one) => one.complete && one.naturalWidth > 0) ? shown.length : 0;
    })).toBeGreaterThanOrEqual(at_least);
  }

  /** The rules of axe-core that the page as it stands breaks, with where. */
  async inaccessible(): Promise<string[]> {
    // Evaluated by the browser's debugger, so that the page's Content-Security-Policy stays as it is.
    await this.page.evaluate(axe.source);
    return this.page.evaluate(async () => {
      const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
      return violations.map((one) => `${one.impact} ${one.id}: ${one.nodes.map((node) => `${node.html.slice(0, 120)} ${node.any.map((any) => any.message).join()}`).join(' | ')}`);
    });
  }
}
