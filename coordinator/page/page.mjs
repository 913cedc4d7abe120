/**
 * The live page of a run. The coordinator sends everything once, then what changes, as server-sent events; here it is
 * kept and drawn, at most once a frame. When the coordinator is gone the page keeps what it has, says so, and goes on
 * by itself when it is back.
 */
import { createCurves } from './curves.mjs';
import { count, duration, number, showFigures } from './figures.mjs';
import { showPictures } from './pictures.mjs';
import { showHappenings, showRanks, showRun, showSweep } from './tables.mjs';

/** @typedef {import('../serving/showing.ts').Told} Told */

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const drawCurves = createCurves();
const retryMs = 2000;

/** @type {import('../serving/course.ts').Point[]} */
let points = [];
/** @type {import('../journal.ts').EvaluationRecord[]} */
let evaluations = [];
/** @type {import('../serving/story.ts').ProgressView | null} */
let progress = null;
/** @type {readonly import('../serving/ranks.ts').RankView[]} */
let ranks = [];
let isDrawn = true; // what is known

connect();

function connect() {
  const source = new EventSource('stream');
  source.addEventListener('open', () => say(null));
  source.addEventListener('whole', ({ data }) => take(JSON.parse(data)));
  source.addEventListener('changes', ({ data }) => take(JSON.parse(data)));
  source.addEventListener('end', () => {
    source.close();
    const last = progress?.state === 'ended' || progress?.state === 'failed' ? progress : null;
    byId('state').dataset['state'] = last?.state ?? 'ended';
    byId('state').textContent = last?.doing ?? 'over';
    say('The run is over: this page keeps what it saw, and is not there any more when it is closed.');
  });
  source.addEventListener('error', () => {
    byId('state').dataset['state'] = 'away';
    byId('state').textContent = 'not connected';
    say('The coordinator does not answer: these are its last figures. The page goes on when it is back.');
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, retryMs);
  });
}

/** @param {string | null} text for the line above everything; null takes it away */
function say(text) {
  byId('banner').hidden = text === null;
  byId('banner').textContent = text;
  document.body.classList.toggle('stale', text !== null);
}

/** @param {Told} told */
function take(told) {
  if (told.course) points = [...points.slice(0, told.course.first), ...told.course.points];
  if (told.evaluations)
    evaluations = [...evaluations.slice(0, told.evaluations.first), ...told.evaluations.records];
  if (told.progress) progress = told.progress;
  if (told.ranks) ranks = told.ranks;
  if (told.run) showRun(told.run);
  if (told.happenings) showHappenings(told.happenings);
  if (told.ranks) showRanks(told.ranks);
  if (told.pictures) showPictures(told.pictures);
  if (told.sweep !== undefined) showSweep(told.sweep);
  if (!isDrawn) return;
  isDrawn = false;
  requestAnimationFrame(draw);
}

function draw() {
  isDrawn = true;
  if (progress === null) return;
  showProgress(progress);
  showFigures(byId('figures'), { progress, ranks, point: points.at(-1), evaluation: evaluations.at(-1) });
  drawCurves(points, evaluations);
}

/** @param {import('../serving/story.ts').ProgressView} progress */
function showProgress({ state, doing, steps, plannedSteps, epoch, plannedEpochs, remainingSeconds }) {
  const chip = byId('state');
  if (chip.dataset['state'] !== 'away' || !document.body.classList.contains('stale')) {
    chip.dataset['state'] = state;
    chip.textContent = state === 'training' && doing === '' ? 'training' : doing || state;
  }
  const share = plannedSteps === null ? 0 : steps / plannedSteps;
  byId('bar').setAttribute('aria-valuenow', String(Math.round(100 * share)));
  byId('bar-done').style.width = `${100 * share}%`;
  const of = plannedSteps === null ? '' : ` of ${count(plannedSteps)}`;
  const epochs = plannedEpochs === null ? '' : ` of ${plannedEpochs}`;
  const eta =
    remainingSeconds === null || state === 'ended' || state === 'failed'
      ? ''
      : ` · ${duration(remainingSeconds)} left`;
  byId('position').textContent =
    steps === 0
      ? 'before the first step'
      : `step ${count(steps)}${of} · epoch ${number(epoch)}${epochs}${eta}`;
}
