/** A report as a list of sections, which become a page of HTML and a file of Markdown alike. */
import { html, inlineSvg, type Html } from './page.ts';
import type { EmbeddedPicture } from './pictures.ts';
import type { Figure } from './run-plots.ts';

export interface Table {
  readonly head: readonly string[]; // the first column holds names, the others numbers
  readonly rows: readonly (readonly string[])[];
}

export type Block =
  | { readonly kind: 'words'; readonly title: string; readonly paragraphs: readonly string[] }
  | { readonly kind: 'table'; readonly title: string; readonly note: string; readonly table: Table }
  | { readonly kind: 'figure'; readonly figure: Figure }
  | { readonly kind: 'picture'; readonly picture: EmbeddedPicture }
  | { readonly kind: 'command'; readonly title: string; readonly note: string; readonly command: string };

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[]; // none: the section is left out
}

export const sectionsHtml = (sections: readonly Section[]): Html[] =>
  sections
    .filter(({ blocks }) => blocks.length > 0)
    .map(
      ({ title, blocks }) =>
        html`<section>
          <h2>${title}</h2>
          <div class="grid">${blocks.map(blockHtml)}</div>
        </section>`,
    );

function blockHtml(block: Block): Html {
  switch (block.kind) {
    case 'words':
      return card(
        'wide words',
        block.title,
        '',
        block.paragraphs.map((text) => html`<p>${text}</p>`),
      );
    case 'table':
      return card('wide', block.title, block.note, [tableHtml(block.table)]);
    case 'figure': {
      const { title, caption, isWide, svg } = block.figure;
      return card(isWide ? 'wide' : '', title, caption, [inlineSvg(svg, title)]);
    }
    case 'picture': {
      const { title, caption, source, width, height } = block.picture;
      return card('picture', title, caption, [
        html`<img src="${source}" alt="${title}" width="${width}" height="${height}" />`,
      ]);
    }
    case 'command':
      return card('wide', block.title, block.note, [html`<pre>${block.command}</pre>`]);
    default:
      return block satisfies never;
  }
}

const card = (name: string, title: string, note: string, content: readonly Html[]): Html =>
  html`<div class="card ${name}">
    <h3>${title}</h3>
    ${note === '' ? html`` : html`<p class="note">${note}</p>`} ${content}
  </div>`;

function tableHtml({ head, rows }: Table): Html {
  const cells = (row: readonly string[], tag: 'th' | 'td'): Html[] =>
    row.map((cell, column) => {
      if (column === 0) return html`<th>${cell}</th>`;
      return tag === 'th' ? html`<th class="number">${cell}</th>` : html`<td class="number">${cell}</td>`;
    });
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${cells(head, 'th')}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${cells(row, 'td')}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** @param plotPath of a figure's own file, as the text names it */
export function markdownOf(
  title: string,
  sections: readonly Section[],
  plotPath: (figure: Figure) => string,
): string {
  const parts = sections.flatMap(({ title: heading, blocks }) => {
    const told = blocks.map((block) => blockMarkdown(block, plotPath)).filter(Boolean);
    return told.length === 0 ? [] : [[`## ${heading}`, ...told].join('\n\n')];
  });
  return `${[`# ${title}`, ...parts].join('\n\n')}\n`;
}

function blockMarkdown(block: Block, plotPath: (figure: Figure) => string): string {
  switch (block.kind) {
    case 'words':
      return block.paragraphs.join('\n\n');
    case 'table':
      return [`**${block.title}.** ${block.note}`, tableMarkdown(block.table)].join('\n\n');
    case 'figure': {
      const { title, caption } = block.figure;
      return [`![${title}](${plotPath(block.figure)})`, `*${title}.* ${caption}`.trim()].join('\n\n');
    }
    case 'picture':
      return ''; // in the runs' folders
    case 'command':
      return [block.note, `\`\`\`sh\n${block.command}\n\`\`\``].filter(Boolean).join('\n\n');
    default:
      return block satisfies never;
  }
}

function tableMarkdown({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
