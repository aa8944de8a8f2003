import { expect, test } from 'vitest';
import { studio_for_tests, Visit } from './browser';

const TOKEN = 'a token that only this test knows';
const studio = studio_for_tests(TOKEN);

test('a studio with a token lets in who knows it, and keeps the token to itself', async () => {
  const visit = await Visit.begin(studio);
  const { page } = visit;
  const addresses: string[] = [];
  page.on('request', (request) => addresses.push(request.url()));
  await page.getByRole('heading', { name: visit.t('login_title') }).waitFor();
  expect(await page.getByRole('navigation').count()).toBe(0);
  for (const theme of ['theme_light', 'theme_dark'] as const) {
    expect(await visit.inaccessible()).toEqual([]);
    await visit.button(theme).click();
  }
  const token = page.getByLabel(visit.t('token'), { exact: true });
  await token.fill('not the token at all');
  await token.press('Enter');
  await page.getByRole('alert').getByText(visit.t('error_token')).waitFor();

  await token.fill(TOKEN);
  await token.press('Enter');
  await visit.choose('product.jpg');
  await visit.prompt.fill('Product rotating slowly');
  await visit.button('preset_preview', {}, page.getByRole('group', { name: visit.t('preset') })).click();
  await visit.button('queue_it').click();
  await visit.go('gallery');
  await visit.film('Product rotating slowly').hover();
  // Films and pictures cannot send a header: they are there by the cookie.
  await expect.poll(() => page.locator('video').evaluate((film: HTMLVideoElement) => film.videoWidth)).toBe(512);

  const [cookie, ...others] = await page.context().cookies();
  expect(others).toEqual([]);
  expect([cookie?.httpOnly, cookie?.sameSite]).toEqual([true, 'Strict']);
  expect(await page.evaluate(() => document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage))).not.toContain(TOKEN);
  expect(addresses.filter((address) => decodeURIComponent(address).includes(TOKEN))).toEqual([]);

  await visit.go('system');
  await visit.button('log_out').click();
  await page.getByRole('heading', { name: visit.t('login_title') }).waitFor();
  expect((await page.request.get(`${studio.service.url}/v1/clips`)).status()).toBe(401);
  await visit.end(/ 401 /);
});
