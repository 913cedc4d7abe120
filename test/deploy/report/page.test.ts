import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html, inlineSvg, page } from '../../../deploy/report/page.ts';
import { palette } from '../../../deploy/report/palette.ts';

test('text is escaped, pieces of a page are not', () => {
  const inner = html`<b>${'<script> & "x"'}</b>`;
  assert.equal(html`<p>${inner}${[inner]}${3}</p>`.html.match(/<b>/g)?.length, 2);
  assert.ok(inner.html.includes('&lt;script&gt; &amp; &quot;x&quot;'));
});

test('a drawing loses its own size and name spaces, and follows the colours of the page', () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" version="1.1" class="marks" width="360" height="200" ' +
    `viewBox="0 0 360 200"><path stroke="${palette.blue}"/></svg>`;
  const { html: text } = inlineSvg(svg, 'Loss');
  assert.ok(!text.includes('http') && !text.includes(palette.blue));
  assert.ok(text.includes('viewBox="0 0 360 200"') && text.includes('max-width: 360px'));
  assert.ok(text.includes('aria-label="Loss"'));
});

test('a page is a document in UTF-8 for light and dark', () => {
  const text = page('a < b', []);
  assert.match(text, /^<!doctype html>/);
  for (const part of [
    '<title>a &lt; b</title>',
    'charset="utf-8"',
    'prefers-color-scheme: dark',
    '@media print',
  ]) {
    assert.ok(text.includes(part), part);
  }
});
