/** The live page and the metrics of a whole run, in a real browser, while everything befalls the run. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser } from '../../support/browser.ts';
import { startLockstep, until, type Running } from '../../support/lockstep.ts';
import { requires } from '../../support/requires.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { smallRun } from '../../deploy/train/small-run.ts';

const patience = { timeout: 60_000 };
const soon = { timeout: 5000 }; // within which a killed worker must be seen

/** Starts a run that goes on until it is stopped. @returns it, and the address that it prints */
async function begin(folder: string): Promise<{ run: Running; url: string }> {
  const words = ['train', ...smallRun, '--runtime', 'tensorflow', '--steps', '100000', '--workers', '2'];
  const pictures = ['--picture-every', '1', '--evaluate-every', '4'];
  const served = ['--run-dir', join(folder, 'run'), '--targets-dir', join(folder, 'targets')];
  const run = startLockstep([...words, ...pictures, ...served]);
  let said = '';
  run.child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const find = (): string | undefined => /watch +(http:\S+)/.exec(said)?.[1];
  await until(
    () => find() !== undefined,
    () => said,
  );
  return { run, url: find()! };
}

function kill(run: Running, command: string): void {
  const found = run.processes().find(({ words }) => words.includes(command));
  assert.ok(found, `no ${command} is running`);
  process.kill(found.pid, 'SIGKILL');
}

const text = (page: Page, selector: string): Promise<string> => page.locator(selector).innerText();
const stepsShown = async (page: Page): Promise<number> =>
  Number(/step ([\d,]+)/.exec(await text(page, '#position'))?.[1]?.replaceAll(',', '') ?? 0);

/** Waits until more steps are shown than there were. */
async function goesOn(page: Page): Promise<void> {
  const before = await stepsShown(page);
  await page.waitForFunction(
    (steps) => {
      const shown = /step ([\d,]+)/.exec(document.getElementById('position')?.textContent ?? '')?.[1];
      return Number(shown?.replaceAll(',', '')) > steps;
    },
    before,
    patience,
  );
}

/** Whether something is drawn on every canvas that has a height. */
const drawnCanvases = (page: Page): Promise<boolean[]> =>
  page.locator('.chart canvas').evaluateAll((canvases) =>
    (canvases as HTMLCanvasElement[]).map((canvas) => {
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value) => value !== 0);
    }),
  );

test('the page shows a run, what befalls it, and that it is over', { timeout: 290_000 }, async (context) => {
  if (!requires('chromium', context) || !requires('promtool', context)) return;
  const folder = temporaryFolder();
  const { run, url } = await begin(folder);
  context.after(() => run.child.kill('SIGKILL'));
  const { page, complaints } = await openBrowser(context);
  await page.goto(url);
  await page.locator('#state[data-state=training]').waitFor(patience);
  await goesOn(page);
  assert.match(await text(page, '#figures'), /Loss\s+[−\d]/);
  assert.match(await text(page, '#facts'), /100 = 5 micro-batches of 20/);
  await page.locator('#gallery img').first().waitFor(patience);
  await page.waitForFunction(() => [...document.images].every(({ naturalWidth }) => naturalWidth > 0));
  const drawn = await drawnCanvases(page);
  assert.ok(drawn.length >= 6 && drawn.every(Boolean), `${drawn.length} charts`);
  assert.deepEqual(complaints, []);

  const metrics = await (await fetch(`${url}metrics`)).text();
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: metrics, encoding: 'utf8' });
  assert.deepEqual([checked.status, checked.stderr], [0, '']);
  assert.match(metrics, /lockstep_rank_resident_memory_bytes\{rank="1",.*\} \d{7}/);
  assert.equal(readdirSync(join(folder, 'targets')).length, 1);
  assert.match(await (await fetch(`${url}sd`)).text(), /"job":"lockstep","run":"run"/);

  kill(run, 'worker');
  await page.locator('#ranks tr.lost').waitFor(soon);
  await page.locator('#log .warning', { hasText: /rank \d lost/ }).waitFor(soon);
  await goesOn(page);

  kill(run, 'coordinator');
  await page.locator('#state[data-state=away]').waitFor(soon);
  await page.locator('#state[data-state=training]').waitFor(patience);
  await goesOn(page);
  assert.ok(await page.locator('#banner').isHidden());

  run.child.kill('SIGINT');
  await page.locator('#state[data-state=ended]').waitFor(patience);
  assert.equal((await run.ended).code, 130);
  assert.deepEqual(readdirSync(join(folder, 'targets')), []);
  assert.ok(existsSync(join(folder, 'run', 'report.html')));
});
