/** What stands in rows: the ranks, the trials of a sweep, what happened, and what the run is. */
import { bytes, count, element, number, span } from './figures.mjs';

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

/** @param {Told['sweep']} sweep */
export function showSweep(sweep) {
  byId('sweep').hidden = !sweep || sweep.trials.length === 0;
  if (!sweep) return;
  const names = [...new Set(sweep.trials.flatMap((trial) => Object.keys(trial)))];
  const rows = sweep.trials.map((trial) =>
    row(
      'td',
      names.map((name) => {
        const value = trial[name] ?? null;
        return Number.isInteger(value)
          ? count(Number(value))
          : typeof value === 'number'
            ? number(value)
            : value === null
              ? '–'
              : String(value);
      }),
    ),
  );
  byId('trials').replaceChildren(
    element('thead', '', row('th', names.map(words))),
    element('tbody', '', ...rows),
  );
}

/** `heldOutLoss` as words. @param {string} name */
const words = (name) =>
  name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll('_', ' ');

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
