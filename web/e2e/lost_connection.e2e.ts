// Server and workers are killed as a power cut would, in the middle of a clip.
import { expect, test } from 'vitest';
import { studio_for_tests, Visit } from './browser';
import { until } from './service';

const studio = studio_for_tests();

test('a killed server loses nothing: the clip under way, the clips that wait, or the draft', async () => {
  const visit = await Visit.begin(studio);
  const { page, service } = visit;
  await visit.choose('lake.jpg');
  await visit.prompt.fill('Camera cranes up');
  await page.getByText(visit.t('advanced'), { exact: true }).click();
  await page.getByLabel(`${visit.t('size')} (px)`, { exact: true }).fill('1080');
  await visit.button('queue_it').click();
  await visit.prompt.fill('Camera pans left');
  await page.getByLabel(`${visit.t('size')} (px)`, { exact: true }).fill('256');
  await visit.button('queue_it').click({ timeout: 3000 });
  await visit.go('queue');
  const under_way = page.getByRole('progressbar', { name: visit.t('running') });
  await expect.poll(() => under_way.getAttribute('aria-valuenow').then(Number)).toBeGreaterThan(10);
  expect(await page.title()).toMatch(/^\d+\s?% · /);

  await service.kill_everything();
  const lost = page.getByText(visit.t('connection_lost'));
  await lost.waitFor();
  await visit.go('create');
  await visit.prompt.fill('A draft that the server never saw');
  await visit.button('queue_it').click();
  await page.getByText(visit.t('error_offline')).first().waitFor();

  await service.start_again();
  await lost.waitFor({ state: 'detached' });
  await visit.go('gallery');
  await visit.film('Camera cranes up').waitFor({ timeout: 40_000 });
  await visit.film('Camera pans left').waitFor({ timeout: 20_000 });
  const clips = await service.all_finished(2);
  expect(clips.length).toBe(2);
  const killed = clips.find((clip) => clip.spec?.prompt === 'Camera cranes up');
  expect([killed?.attempt, killed?.frames]).toEqual([2, 48]);

  await page.reload();
  await visit.go('create');
  expect(await visit.prompt.inputValue()).toBe('A draft that the server never saw');
  await visit.picture(1, 'lake.jpg').waitFor();
  await visit.button('queue_it').click();
  await until('the draft is queued', async () => (await service.clips()).length === 3);
  await visit.end(/net::ERR_/);
});
