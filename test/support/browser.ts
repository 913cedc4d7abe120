/** A real browser on a page, with a profile of its own that goes with the test. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { chromium, type Page } from 'playwright-core';
import { temporaryFolder } from './temporary.ts';

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Browsing {
  readonly page: Page;
  /** What the browser complained of, such as a script that the policy keeps out. */
  readonly complaints: string[];
}

export async function openBrowser(
  context: TestContext,
  options: { readonly colorScheme?: 'light' | 'dark'; readonly width?: number } = {},
): Promise<Browsing> {
  const { colorScheme = 'light', width = 1280 } = options;
  const browser = await chromium.launchPersistentContext(join(temporaryFolder(), 'profile'), {
    executablePath: '/usr/bin/chromium',
    args: flags,
    colorScheme,
    viewport: { width, height: 900 },
  });
  context.after(() => browser.close());
  const page = browser.pages()[0] ?? (await browser.newPage());
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  return { page, complaints };
}
