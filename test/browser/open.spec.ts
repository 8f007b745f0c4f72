import { expect, test } from './harness.ts';

test.use({ baseUrl: '/user/ada/' });

test('JupyterLab opens with the extension under the base URL of a hub', async ({ lab }) => {
  expect(new URL(lab.page.url()).pathname).toBe('/user/ada/lab');
  await expect(lab.page.getByRole('tab', { name: 'Bottega' })).toBeVisible();
  expect(lab.consoleErrors).toEqual([]);
});
