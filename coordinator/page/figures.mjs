/** Numbers as people read them, and the row of the latest ones. */

/** @typedef {import('../serving/showing.ts').Told} Told */

/** @param {number} value such as `12,345` */
export const count = (value) => Math.round(value).toLocaleString('en-US');

/**
 * Three significant digits or more: `-251.3`, `0.0123`, `1.2e-5`; a dash for what is not known.
 * @param {number | null | undefined} value
 */
export function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1000) return minus(count(value));
  if (size >= 100) return minus(value.toFixed(1));
  if (size >= 1 || size === 0) return minus(value.toFixed(2));
  return minus(size >= 1e-4 ? String(Number(value.toPrecision(3))) : value.toExponential(1));
}

/** @param {string} text */
const minus = (text) => text.replace(/^-/, '−');

/** @param {number | null} bytes */
export function bytes(bytes) {
  if (bytes === null) return '–';
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** @param {number | null} seconds `2:05`, `1:04:00` */
export function duration(seconds) {
  if (seconds === null) return '–';
  const [hours, minutes, rest] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(Math.floor);
  const tail = String(rest).padStart(2, '0');
  return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}

/** @param {number | null} seconds `12 ms`, `1.5 s` */
export const span = (seconds) =>
  seconds === null ? '–' : seconds < 1 ? `${number(seconds * 1000)} ms` : `${number(seconds)} s`;

/**
 * An element with a class and what is in it.
 * @param {string} name
 * @param {string} className
 * @param {...(string | Node)} content
 */
export function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  made.append(...content);
  return made;
}

/**
 * @param {HTMLElement} host
 * @param {Required<Pick<Told, 'progress' | 'ranks'>> & { point: import('../serving/course.ts').Point | undefined,
 *   evaluation: import('../journal.ts').EvaluationRecord | undefined }} latest
 */
export function showFigures(host, { progress, ranks, point, evaluation }) {
  const here = ranks.filter(({ state }) => state !== 'lost' && state !== 'starting').length;
  const lost = ranks.filter(({ state }) => state === 'lost').length;
  const best = evaluation?.heldOut ?? null;
  const terms = Object.entries(point?.terms ?? {}).filter(([name]) => name !== 'loss');
  const share = point && (point.phases.parameters + point.phases.exchange) / sum(Object.values(point.phases));
  const noise = noiseOf(evaluation, point);
  const figures = [
    figure(
      'Loss',
      number(point?.terms['loss']),
      terms
        .slice(0, 2)
        .map(([name, value]) => `${name} ${number(value)}`)
        .join(' · '),
    ),
    figure(
      'Held-out loss',
      number(best?.['loss']),
      evaluation ? `at epoch ${number(evaluation.epoch)}` : 'not evaluated yet',
    ),
    figure(
      'Samples/s',
      progress.samplesPerSecond === null ? '–' : count(progress.samplesPerSecond),
      share === undefined ? '' : `communication ${Math.round(100 * share)} %`,
    ),
    figure('Noise scale', noise, noise === '–' ? 'not available' : 'samples'),
    figure(
      'Learning rate',
      number(point?.learningRate),
      point && point.klWeight !== 1 ? `weight of KL ${number(point.klWeight)}` : '',
    ),
    figure('Ranks', String(here), lost > 0 ? `${lost} lost` : 'all here', lost > 0),
  ];
  host.replaceChildren(...figures);
}

/**
 * @param {import('../journal.ts').EvaluationRecord | undefined} evaluation
 * @param {import('../serving/course.ts').Point | undefined} point
 */
function noiseOf(evaluation, point) {
  const scale = evaluation?.noiseScale ?? point?.noiseScale ?? null;
  return scale === null ? '–' : count(scale);
}

/** @param {number[]} values */
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** @param {string} label @param {string} value @param {string} remark @param {boolean} [isBad] */
function figure(label, value, remark, isBad = false) {
  const made = element('div', 'figure', element('span', 'label', label), element('strong', '', value));
  made.append(element('span', isBad ? 'remark bad' : 'remark', remark));
  return made;
}
