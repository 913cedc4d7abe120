/** What stands in rows: the ranks, the trials of a sweep, what happened, and what the run is. */
import { bytes, count, duration, element, number, span } from './figures.mjs';

/** @typedef {import('../serving/showing.ts').Told} Told */
/** @typedef {import('../serving/ranks.ts').RankView} RankView */

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {readonly RankView[]} ranks */
export function showRanks(ranks) {
  const slowest = Math.max(...ranks.map(({ computeSeconds }) => computeSeconds ?? 0));
  const head = row('th', [
    'Rank',
    'State',
    'Last heard',
    'Computed its part in',
    'Parts',
    'Memory',
    'Runtime',
    'Host and device',
  ]);
  const rows = ranks.map((view) => {
    const made = row('td', [
      String(view.rank),
      element('span', `dot ${view.state}`, view.state),
      view.state === 'lost' || view.ageSeconds >= 1.5 ? `${Math.round(view.ageSeconds)} s ago` : 'now',
      computeCell(view, slowest),
      view.microBatches === 0 ? '–' : String(view.microBatches),
      bytes(view.residentBytes),
      view.backend,
      element('span', 'where', view.host, ' · ', view.device),
    ]);
    made.className = view.state;
    return made;
  });
  byId('ranks').replaceChildren(element('thead', '', head), element('tbody', '', ...rows));
  if (ranks.length === 0) byId('ranks').replaceChildren(element('caption', '', 'No worker yet.'));
}

/** @param {RankView} view @param {number} slowest seconds */
function computeCell({ computeSeconds }, slowest) {
  if (computeSeconds === null) return '–';
  const fill = element('i', '');
  fill.style.width = `${(100 * computeSeconds) / slowest}%`;
  return element('span', 'meter', element('b', '', fill), span(computeSeconds));
}

/** Columns with something in them, and of words only those that tell trials apart. @param {Told['sweep']} sweep */
export function showSweep(sweep) {
  byId('sweep').hidden = !sweep || sweep.trials.length === 0;
  if (!sweep) return;
  const names = [...new Set(sweep.trials.flatMap((trial) => Object.keys(trial)))].filter((name) => {
    const values = sweep.trials.map((trial) => trial[name] ?? null);
    const isTelling = name === 'state' || new Set(values).size > 1 || typeof values[0] === 'number';
    return isTelling && !name.endsWith('Sha256') && values.some((value) => value !== null);
  });
  const isNumber = (/** @type {string} */ name) =>
    sweep.trials.some((trial) => typeof trial[name] === 'number');
  const align = (/** @type {HTMLElement} */ made) => {
    for (const [index, name] of names.entries())
      made.children[index]?.classList.toggle('number', isNumber(name));
    return made;
  };
  const rows = sweep.trials.map((trial) =>
    align(
      row(
        'td',
        names.map((name) => cellOf(name, trial[name] ?? null)),
      ),
    ),
  );
  byId('trials').replaceChildren(
    element('thead', '', align(row('th', names.map(words)))),
    element('tbody', '', ...rows),
  );
}

/** @param {string} name @param {string | number | boolean | null} value */
function cellOf(name, value) {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'number') return value ?? '–';
  if (name === 'seconds') return duration(value);
  return Number.isInteger(value) ? count(value) : number(value);
}

/** @type {Record<string, string>} */
const columnNames = { microBatchSize: 'micro-batch', samplesPerSecond: 'samples/s', seconds: 'time' };

/** `heldOutLoss` as words. @param {string} name */
const words = (name) =>
  columnNames[name] ?? name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll('_', ' ');

/** @param {NonNullable<Told['happenings']>} happenings */
export function showHappenings(happenings) {
  const items = [...happenings].reverse().map(({ at, text, level }) => {
    const time = new Date(at * 1000).toLocaleTimeString('en-GB');
    return element('li', level, element('time', '', time), element('span', '', text));
  });
  byId('log').replaceChildren(...items);
}

/** @param {NonNullable<Told['run']>} run */
export function showRun({ name, facts, notices }) {
  byId('name').textContent = name;
  document.title = `${name} · lockstep`;
  const pairs = facts.flatMap(([label, text]) => [element('dt', '', label), element('dd', '', text)]);
  const notes = notices.flatMap((text) => [element('dt', '', 'note'), element('dd', '', text)]);
  byId('facts').replaceChildren(...pairs, ...notes);
}

/** @param {'td' | 'th'} cell @param {(string | Node)[]} content */
const row = (cell, content) => element('tr', '', ...content.map((each) => element(cell, '', each)));
