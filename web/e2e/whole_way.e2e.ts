// What the studio is for, as a newcomer does it, in both languages.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { studio_for_tests, Visit } from './browser';
import { film_of } from './service';

const studio = studio_for_tests();

const WORDS = {
  en: { prompt: 'Camera slowly pushes in, heavy rain, a woman sings', move: 'Camera slowly pushes in', scene: 'a woman', beyond: 'sings', other: 'Camera pans left' },
  zh: { prompt: '镜头缓慢推进，大雨，女人唱歌', move: '镜头缓慢推进', scene: '女人', beyond: '唱歌', other: '镜头向左摇' },
} as const;

test.each(['en', 'zh'] as const)('from a picture to a film and back again, in %s', async (language) => {
  const words = WORDS[language];
  const visit = await Visit.begin(studio, language);
  const { page } = visit;
  expect(await page.getAttribute('html', 'lang')).toBe(language === 'zh' ? 'zh-CN' : 'en');
  expect(await visit.button('queue_it').isDisabled()).toBe(true);

  await visit.choose('rainy_street.jpg');
  await visit.prompt.fill(words.prompt);
  await visit.chip(words.move, 'reading_rendered').waitFor();
  await visit.chip(words.scene, 'reading_scene').waitFor();
  await visit.chip(words.beyond, 'reading_not_rendered').waitFor();
  await visit.button('preset_preview', {}, page.getByRole('group', { name: visit.t('preset') })).click();
  await expect.poll(() => visit.promised()).toEqual({ width: 910, height: 512, frames: 24 });
  const promised = await visit.promised();

  // The move is seen before anything is queued, and another one when the words change.
  const film = (video: HTMLVideoElement) => ({ long_side: Math.max(video.videoWidth, video.videoHeight), plays: video.currentTime > 0 && !video.paused });
  await expect.poll(() => visit.preview.evaluate(film)).toEqual({ long_side: 256, plays: true });
  const first = await visit.preview.getAttribute('src');
  await visit.prompt.fill(words.other);
  await expect.poll(() => visit.preview.getAttribute('src')).not.toBe(first);
  await visit.prompt.fill(words.prompt);
  expect((await studio.service.clips()).length).toBe(language === 'en' ? 0 : 1);
  await visit.sees_pictures(2);
  const seed = Number(await page.getByLabel(visit.t('seed'), { exact: true }).inputValue());

  await visit.button('queue_it').click();
  await visit.button('show_queue').click();
  await page.getByRole('heading', { level: 1, name: visit.t('queue') }).waitFor();
  await page.getByText(visit.t('queue_empty')).waitFor();

  await visit.go('gallery');
  await visit.film(words.prompt).click();
  const recipe = page.getByRole('dialog', { name: visit.t('recipe') });
  await recipe.getByText(words.prompt).waitFor();
  await visit.sees_pictures(2);
  await expect.poll(() => recipe.locator('video').evaluate((film: HTMLVideoElement) => film.videoWidth)).toBe(promised.width);
  const coming = page.waitForEvent('download');
  await recipe.getByRole('link', { name: visit.t('download') }).click();
  const download = await coming;
  expect(download.suggestedFilename()).toMatch(/^video_\d{8}_\d{6}(-\d+)?\.mp4$/);
  const file = join(studio.service.home, download.suggestedFilename());
  await download.saveAs(file);
  expect(film_of(file)).toEqual({ codec: 'h264', ...promised });

  await visit.prompt.waitFor({ state: 'detached' });
  await visit.button('use_again', {}, recipe).click();
  await page.getByRole('heading', { level: 1, name: visit.t('create') }).waitFor({ state: 'attached' });
  expect(await visit.prompt.inputValue()).toBe(words.prompt);
  await visit.picture(1, 'rainy_street.jpg').waitFor();
  expect(Number(await page.getByLabel(visit.t('seed'), { exact: true }).inputValue())).toBe(seed);
  await expect.poll(() => visit.promised()).toEqual(promised);

  // The file alone knows how it was made.
  await visit.button('reset').click();
  expect(await visit.prompt.inputValue()).toBe('');
  await page.locator('input[type=file]').setInputFiles(file);
  await page.getByText(visit.t('recipe_restored', { name: download.suggestedFilename() })).waitFor();
  expect(await visit.prompt.inputValue()).toBe(words.prompt);
  await visit.picture(1, 'rainy_street.jpg').waitFor();
  await visit.end();
});
