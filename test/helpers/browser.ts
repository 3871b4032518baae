import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** A browser of this machine; undefined when there is none. */
export const browser = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => names.map((name) => join(folder, name)))
  .find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Says why a test with a browser is skipped, for its title. */
export const withoutBrowser = browser ? '' : ' (skipped: there is no Chromium on this machine)';

/** A phone without any login, on which no script runs; disposing it closes the browser. */
export interface Phone extends AsyncDisposable {
  page: Page;
}

export async function openPhone(): Promise<Phone> {
  if (!browser) throw new Error('There is no Chromium on this machine.');
  const process = await chromium.launch({
    executablePath: browser,
    // Tests run as root in CI, where Chromium has no sandbox.
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  const page = await process.newPage({
    viewport: { width: 390, height: 844 },
    isMobile: true,
    javaScriptEnabled: false,
  });
  return { page, [Symbol.asyncDispose]: () => process.close() };
}
