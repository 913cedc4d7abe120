/**
 * A report as one page of HTML: everything inside, no script, nothing fetched. It follows the reader's choice of
 * light or dark, and prints light.
 */
import { darkVariables, lightVariables, withVariables } from './palette.ts';

/** Text that is HTML already; whatever else is put into a page is escaped. */
export interface Html {
  readonly html: string;
}

/** Puts pieces together: `Html` as it is, anything else escaped, lists one after another. */
export function html(parts: TemplateStringsArray, ...values: readonly Part[]): Html {
  return { html: parts.map((part, index) => part + render(values[index] ?? '')).join('') };
}

type Part = Html | string | number | readonly Html[];

function render(value: Part): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escape(value);
  if ('html' in value) return value.html;
  return value.map((each) => each.html).join('');
}

const escape = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/** A drawing inside the page: its colours follow the page's, its width the room that there is. */
export function inlineSvg(svg: string, label: string): Html {
  const bare = svg
    .replace(/ xmlns(:\w+)?="[^"]*"/g, '')
    .replace(/<svg [^>]*?width="([\d.]+)" height="([\d.]+)"/, (head, width: string) =>
      head
        .replace(/ width="[^"]*"/, ` style="max-width: ${width}px"`)
        .replace(/ height="[^"]*"/, ' role="img"'),
    );
  return html`<figure class="plot" aria-label="${label}">${{ html: withVariables(bare) }}</figure>`;
}

/** @param body sections of the page */
export function page(title: string, body: readonly Html[]): string {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${{ html: style }}
        </style>
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`;
  return `${document.html}\n`;
}

const darkSurfaces = `--page: #14171c; --card: #1b1f26; ${darkVariables}`;

const style = `
:root { --page: #f5f6f8; --card: #ffffff; ${lightVariables} }
@media (prefers-color-scheme: dark) { :root { ${darkSurfaces} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI",
  "DejaVu Sans", sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 6px; font-weight: 650; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 44px 0 14px; font-weight: 600; }
h3 { font-size: 15px; margin: 0; font-weight: 600; }
p { margin: 0; }
.lead, .note, figcaption { color: var(--muted); }
.note, figcaption { font-size: 13px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 26px 0 0; }
.tile, .card { background: var(--card); border: 1px solid var(--grid); border-radius: 8px; }
.tile { padding: 14px 16px; }
.tile .value { font-size: 25px; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile:first-child .value { color: var(--blue); }
.tile .label, .tile .note { display: block; font-size: 12.5px; color: var(--muted); line-height: 1.4; }
.grid { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; }
.card { padding: 16px 18px 14px; min-width: 0; display: flex; flex-direction: column; }
.card.wide { grid-column: 1 / -1; }
.card > p { margin-top: 3px; max-width: 110ch; }
.words > p { margin-top: 9px; max-width: 92ch; font-size: 15.5px; }
.scroll { overflow-x: auto; margin-top: 10px; }
.plot { margin: auto 0 0; padding-top: 12px; }
.plot svg { display: block; width: 100%; height: auto; }
.picture img { display: block; width: 100%; height: auto; margin-top: 12px; border-radius: 4px; background: #fff;
  image-rendering: pixelated; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-top: 1px solid var(--grid); font-weight: 400; }
thead th { border-top: 0; color: var(--muted); font-size: 13px; }
td.number, th.number { text-align: right; padding-right: 0; padding-left: 18px; }
.settings { columns: 3 260px; column-gap: 32px; }
.settings div { display: flex; justify-content: space-between; gap: 16px; break-inside: avoid; padding: 3px 0;
  border-bottom: 1px solid var(--grid); }
.settings dt { color: var(--muted); } .settings dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
dl { margin: 0; }
pre { margin: 10px 0 0; padding: 12px 14px; background: var(--page); border-radius: 6px; overflow-x: auto;
  white-space: pre-wrap; overflow-wrap: anywhere; }
code, pre { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; }
@media screen and (max-width: 760px) { .grid { grid-template-columns: minmax(0, 1fr); } main { padding: 24px 14px 40px; } }
@media print { :root { --page: #ffffff; --card: #ffffff; ${lightVariables} } body { font-size: 12px; } main { padding: 0; }
  .card { break-inside: avoid; } h2 { break-after: avoid; } }
`;
