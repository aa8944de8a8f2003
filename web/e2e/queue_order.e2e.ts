import { expect, test } from 'vitest';
import { studio_for_tests, Visit } from './browser';

const studio = studio_for_tests();

test('the queue is reordered, paused and cleared with the keyboard alone', async () => {
  const { service } = studio;
  await service.pause_queue();
  const asset = await service.upload('product.jpg');
  for (const prompt of ['First shot', 'Second shot', 'Third shot'])
    await service.create({ picture: asset.id, prompt, size: 64, duration: 0.5 });
  const order = async () => (await service.waiting()).map((clip) => clip.spec?.prompt);

  const visit = await Visit.begin(studio);
  const { page } = visit;
  const shown = () => page.getByRole('listitem').locator('.says').allTextContents();
  const tab_to = async (name: string) => {
    for (let i = 0; i < 60; ++i) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(() => document.activeElement?.getAttribute('aria-label') || document.activeElement?.textContent?.trim()) === name) return;
    }
    throw new Error(`${name} is not reached with Tab`);
  };
  await page.keyboard.press('Alt+2');
  await expect.poll(shown).toEqual(['First shot', 'Second shot', 'Third shot']);

  await tab_to(visit.t('move_first'));
  expect(await page.evaluate(() => document.activeElement?.closest('li')?.textContent)).toContain('Second shot');
  await page.keyboard.press('Enter');
  await expect.poll(order).toEqual(['Second shot', 'First shot', 'Third shot']);
  await expect.poll(shown).toEqual(['Second shot', 'First shot', 'Third shot']);

  // The focus goes with the clip: twice down is two places.
  await page.getByRole('listitem').filter({ hasText: 'Second shot' }).getByRole('button', { name: visit.t('move_down') }).focus();
  await page.keyboard.press('Enter');
  await expect.poll(shown).toEqual(['First shot', 'Second shot', 'Third shot']);
  await page.keyboard.press('Enter');
  await expect.poll(order).toEqual(['First shot', 'Third shot', 'Second shot']);
  await expect.poll(shown).toEqual(['First shot', 'Third shot', 'Second shot']);

  await page.getByRole('listitem').filter({ hasText: 'Third shot' }).getByRole('button', { name: visit.t('cancel'), exact: true }).focus();
  await page.keyboard.press('Enter');
  await expect.poll(order).toEqual(['First shot', 'Second shot']);
  await visit.button('resume_queue').focus();
  await page.keyboard.press('Enter');
  const made = await service.all_finished(2);
  expect(made.map((clip) => clip.spec?.prompt).reverse()).toEqual(['First shot', 'Second shot']);
  await visit.end();
});

test('a clip that waits is changed, and the draft comes back', async () => {
  const { service } = studio;
  await service.pause_queue();
  const asset = await service.upload('lake.jpg');
  await service.create({ picture: asset.id, prompt: 'Camera pans left', size: 64, duration: 0.5 });
  const visit = await Visit.begin(studio);
  const { page } = visit;
  await visit.prompt.fill('My draft');
  await visit.go('queue');
  await visit.button('edit', {}, page.getByRole('listitem').filter({ hasText: 'Camera pans left' })).click();
  await page.getByText(visit.t('editing')).waitFor();
  await visit.prompt.fill('Camera cranes down');
  await visit.button('edit_save').click();
  await page.getByRole('listitem').filter({ hasText: 'Camera cranes down' }).waitFor();
  expect((await service.waiting()).map((clip) => clip.spec?.prompt)).toEqual(['Camera cranes down']);
  await visit.go('create');
  expect(await visit.prompt.inputValue()).toBe('My draft');
  await visit.end();
});
