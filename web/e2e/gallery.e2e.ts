import { beforeAll, expect, test } from 'vitest';
import { studio_for_tests, Visit } from './browser';

const studio = studio_for_tests();
const FIRST = 'Camera trucks left', SECOND = 'Camera trucks right';

beforeAll(async () => {
  const asset = await studio.service.upload('lake.jpg');
  for (const prompt of [FIRST, SECOND]) await studio.service.create({ picture: asset.id, prompt, size: 128, duration: 1 });
  await studio.service.all_finished(2);
});

test('two takes are compared in step', async () => {
  const visit = await Visit.begin(studio);
  const { page } = visit;
  await visit.go('gallery');
  await visit.film(FIRST).waitFor();
  await visit.sees_pictures(2);
  await visit.button('compare').click();
  await visit.film(FIRST).click();
  await visit.film(SECOND).click();
  const pair = page.getByRole('dialog', { name: visit.t('compare') }).locator('video');
  const times = () => pair.evaluateAll((films) => (films as HTMLVideoElement[]).map((film) => film.currentTime));
  await expect.poll(async () => Math.min(...(await times()))).toBeGreaterThan(0);
  expect(await visit.inaccessible()).toEqual([]);
  await page.getByRole('slider', { name: visit.t('position_in_clip') }).fill('0.5');
  // Half a frame at 24 fps is what nobody sees.
  const apart = async () => Math.max(...(await times()).map((one) => Math.abs(one - 0.5)));
  await expect.poll(apart).toBeLessThan(0.02);
  expect(await pair.evaluateAll((films) => (films as HTMLVideoElement[]).map((film) => film.paused))).toEqual([true, true]);
  await visit.end();
});

test('a clip is kept as a favourite, thrown away, and fetched back', async () => {
  const visit = await Visit.begin(studio);
  const { page } = visit;
  await visit.go('gallery');
  await visit.film(FIRST).waitFor();
  const first = page.getByRole('listitem').filter({ has: visit.film(FIRST) });
  await visit.button('favourite', {}, first).click();
  await visit.button('favourites').click();
  await visit.film(SECOND).waitFor({ state: 'detached' });
  await visit.film(FIRST).click();
  await visit.button('delete', {}, page.getByRole('dialog', { name: visit.t('recipe') })).click();
  await visit.film(FIRST).waitFor({ state: 'detached' });
  expect((await studio.service.clips()).map((clip) => clip.spec?.prompt)).toEqual([SECOND]);
  await visit.button('undo').click();
  await visit.film(FIRST).waitFor();
  expect((await studio.service.clips('?favourite=true')).map((clip) => clip.spec?.prompt)).toEqual([FIRST]);
  await visit.end();
});

test('the last frame of a clip becomes the first of the next', async () => {
  const visit = await Visit.begin(studio);
  const { page } = visit;
  await visit.go('gallery');
  await visit.film(SECOND).click();
  await visit.button('last_frame', {}, page.getByRole('dialog', { name: visit.t('recipe') })).click();
  await page.getByRole('button', { name: /-frame-23\.jpg/ }).first().waitFor();
  await visit.prompt.fill('Camera pulls out');
  await visit.button('queue_it').click();
  const [made] = (await studio.service.all_finished(3)).filter((clip) => clip.spec?.prompt === 'Camera pulls out');
  expect(made?.spec?.picture).not.toBe((await studio.service.clips()).find((clip) => clip.spec?.prompt === SECOND)?.spec?.picture);
  await visit.end();
});
