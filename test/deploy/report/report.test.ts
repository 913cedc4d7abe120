import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeReport } from '../../../deploy/report/report.ts';
import { makeUpFolder } from '../../support/made-up-folder.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const voidElements = new Set(['meta', 'img']);

/** Elements that are opened and not closed, or the other way round. */
function unbalanced(text: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const body = text.replace(/<!doctype html>|<style>[^]*?<\/style>/g, '');
  for (const [, slash, name = '', end] of body.matchAll(/<(\/?)([a-zA-Z0-9]+)(?:"[^"]*"|[^">])*?(\/?)>/g)) {
    if (end === '/' || voidElements.has(name)) continue;
    if (slash === '') open.push(name);
    else if (open.pop() !== name) wrong.push(name);
  }
  return [...wrong, ...open];
}

test('a report is one page that parses, holds the numbers, and needs nothing else', async () => {
  const folder = temporaryFolder();
  makeUpFolder(folder);
  const path = await writeReport(folder);
  assert.equal(path, join(folder, 'report.html'));
  const text = readFileSync(path, 'utf8');
  assert.deepEqual(unbalanced(text), []);
  const expected = [
    'best held-out loss',
    '-8.9', // 52 exp(-3) - 11.5
    '8,333',
    '120 steps',
    '2 micro-batches of 100',
    'npx lockstep train --preset digits --seed 7 --learning-rate 0.003',
    'Gradient noise scale',
    'Learned variance of each component',
    'How samples came to be',
  ];
  for (const part of expected) assert.ok(text.includes(part), part);
  assert.doesNotMatch(text, /https?:|<script|<link|@import|url\((?!#)|src="(?!data:)|href=|NaN|undefined/);
  assert.ok(text.length > 50_000 && text.length < 1_000_000, `${text.length} characters`);
});

test('the loss is a picture of its own, on white', async () => {
  const folder = temporaryFolder();
  makeUpFolder(folder, { epochs: 2, pictures: false });
  await writeReport(folder);
  const svg = readFileSync(join(folder, 'pictures', 'loss.svg'), 'utf8');
  assert.match(svg, /^<svg xmlns="[^>]*><rect width="100%" height="100%" fill="#ffffff"\/>/);
  assert.ok(!svg.includes('var(--'));
});

test('a run that has just begun has a report that says so', async () => {
  const folder = temporaryFolder();
  makeUpFolder(folder, { epochs: 0, pictures: false, componentVariance: false });
  const text = readFileSync(await writeReport(folder), 'utf8');
  assert.match(text, /Nothing to draw yet/);
  assert.match(text, /No pictures yet/);
  assert.deepEqual(unbalanced(text), []);
});
