import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { studio_for_tests, Visit } from './browser';
import { picture_file } from './service';

const studio = studio_for_tests();

test('several pictures become as many clips', async () => {
  const visit = await Visit.begin(studio);
  const { page, service } = visit;
  const names = ['rainy_street.jpg', 'lake.jpg', 'product.jpg'];
  await visit.choose(...names);
  for (const [index, name] of names.entries()) await visit.picture(index + 1, name).waitFor();
  await visit.prompt.fill('Camera trucks left');
  await visit.button('preset_preview', {}, page.getByRole('group', { name: visit.t('preset') })).click();
  await visit.button('queue_many', { n: 3 }).click();
  await page.getByText(visit.t('queued_notes', { n: 3 })).waitFor();

  await visit.go('gallery');
  await expect.poll(() => visit.film('Camera trucks left').count(), { timeout: 30_000 }).toBe(3);
  const clips = await service.clips();
  expect(new Set(clips.map((clip) => clip.spec?.picture)).size).toBe(3);
  expect(new Set(clips.map((clip) => clip.spec?.seed)).size).toBe(3);
  expect(new Set(clips.map((clip) => clip.batch)).size).toBe(1);
  expect(new Set(clips.map((clip) => `${clip.width}x${clip.height}`))).toEqual(new Set(['910x512', '512x640']));
  await visit.end();
});

test('a picture that was chosen by mistake is taken out again, and a file that is none is refused in words', async () => {
  const visit = await Visit.begin(studio, 'zh');
  await visit.choose('lake.jpg', 'product.jpg');
  await visit.picture(1, 'lake.jpg').focus();
  await visit.button('remove_picture').first().click();
  await visit.picture(1, 'product.jpg').waitFor();
  await visit.picture(2, 'product.jpg').waitFor({ state: 'detached' });
  await visit.button('queue_it').waitFor();

  await visit.page.locator('input[type=file]').setInputFiles({ name: 'letter.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
  await visit.page.getByText(/letter\.png/).filter({ hasText: visit.t('error_format') }).waitFor();
  expect(await visit.picture(2, 'letter.png').count()).toBe(0);
  await visit.end(/ 415 /);
});

test('a job sheet says which row is wrong, and makes its clips when it is mended', async () => {
  const visit = await Visit.begin(studio);
  const { page, service } = visit;
  const before = (await service.clips()).length;
  const sheet = (second: string) => ({ name: 'shots.csv', mimeType: 'text/csv',
    buffer: Buffer.from(`picture,prompt,size,duration\nlake.jpg,"Camera tilts up, snow falls",64,0.5\n${second},Camera orbits left,64,0.5\n`) });
  const files = page.locator('input[type=file]');
  const photos = ['lake.jpg', 'product.jpg'].map((name) => ({ name, mimeType: 'image/jpeg', buffer: readFileSync(picture_file(name)) }));
  await files.setInputFiles([sheet('nobody.jpg'), ...photos]);
  const queue = visit.button('queue_many', { n: 2 });
  await page.getByRole('row').filter({ hasText: 'Camera orbits left' }).getByText(visit.t('sheet_picture_missing', { value: 'nobody.jpg' })).waitFor();
  await page.getByRole('row').filter({ hasText: 'snow falls' }).getByText('✓').waitFor();
  expect(await queue.isDisabled()).toBe(true);
  expect(await visit.inaccessible()).toEqual([]);

  await files.setInputFiles([sheet('product.jpg')]);
  await queue.click();
  await service.all_finished(before + 2);
  const made = (await service.clips()).slice(0, 2);
  expect(made.map((clip) => [clip.spec?.prompt, clip.frames, clip.width === 64 ? 'portrait' : 'landscape'])).toEqual(
    [['Camera orbits left', 12, 'portrait'], ['Camera tilts up, snow falls', 12, 'landscape']]);
  await visit.end();
});
