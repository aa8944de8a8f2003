// Every view with something in it, by the rules of axe-core, and as wide as a phone.
import { beforeAll, expect, test } from 'vitest';
import { VIEWS } from '../src/lib/studio.svelte';
import { studio_for_tests, Visit } from './browser';

const studio = studio_for_tests();
const LONG = 'Camera slowly pushes in and then pans to the right while heavy rain falls on the street, red police lights flash in the distance';

beforeAll(async () => {
  const { service } = studio;
  const asset = await service.upload('rainy_street.jpg');
  for (const prompt of ['Camera pans left', LONG]) await service.create({ picture: asset.id, prompt, preset: 'preview' });
  await service.all_finished(2);
  await service.pause_queue();
  for (const prompt of ['Camera pans right', LONG]) await service.create({ picture: asset.id, prompt, preset: 'preview' });
});

/** One view after the other; `look` is called with each, and with each state of it that has more on it. */
async function tour(visit: Visit, look: (where: string) => Promise<void>) {
  const { page } = visit;
  await look('create, empty');
  await visit.choose('lake.jpg', 'product.jpg');
  await visit.prompt.fill(`${LONG}, a woman sings, blorf`);
  await visit.chip('sings', 'reading_not_rendered').waitFor();
  await visit.promised();
  for (const drawer of ['builder', 'advanced'] as const) await page.getByText(visit.t(drawer), { exact: true }).click();
  await look('create');
  for (const view of VIEWS.slice(1)) {
    await visit.go(view);
    await visit.sees_pictures(view === 'system' ? 0 : 2);
    await look(view);
    if (view !== 'gallery') continue;
    await visit.film(LONG).click();
    await page.getByRole('dialog', { name: visit.t('recipe') }).waitFor();
    await look('recipe');
    await page.keyboard.press('Escape');
  }
}

test.each(['dark', 'light'] as const)('nothing stands in the way of assistive technology, %s', async (theme) => {
  const visit = await Visit.begin(studio, theme === 'dark' ? 'en' : 'zh', { colorScheme: theme, reducedMotion: 'reduce' });
  expect(await visit.page.getAttribute('html', 'data-theme')).toBe(theme);
  const found: string[] = [];
  await tour(visit, async (where) => {
    for (const fault of await visit.inaccessible()) found.push(`${where}: ${fault}`);
  });
  expect(found).toEqual([]);
  await visit.end();
});

test.each(['en', 'zh'] as const)('a phone shows every view without scrolling sideways, %s', async (language) => {
  const visit = await Visit.begin(studio, language, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  const found: string[] = [];
  await tour(visit, async (where) => {
    const wide = await visit.page.evaluate(() => document.documentElement.scrollWidth);
    if (wide > 390) found.push(`${where} is ${wide} pixels wide`);
  });
  expect(found).toEqual([]);
  await visit.end();
});
