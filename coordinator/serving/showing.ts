/**
 * What is behind each address: `/` the live page and its files, `/stream` what it shows, `/pictures/NAME.png`,
 * `/metrics` for Prometheus, `/sd` where it finds the runs of this box.
 */
import type { Clock } from '../../shared/runtime/clock.ts';
import type { Reply } from '../../shared/runtime/http-server.ts';
import type { Metrics } from '../../shared/runtime/metrics.ts';
import { readPageFile } from './page-files.ts';
import { listPictures, readPicture, type PictureView } from './pictures.ts';
import type { RankView } from './ranks.ts';
import type { Changes, Story } from './story.ts';
import { createStream } from './stream.ts';
import { createSweepReader, type SweepTable } from './sweep-table.ts';
import type { TargetGroup } from './targets.ts';

export interface ShowingOptions {
  readonly clock: Clock;
  readonly runDir: string;
  readonly pictures: string; // their folder
  readonly story: Story;
  readonly ranks: () => readonly RankView[];
  readonly metrics: Metrics;
  readonly targets: () => readonly TargetGroup[];
  readonly onFailure: (error: unknown) => void;
}

/** What the page is told. */
export interface Told extends Changes {
  readonly ranks?: readonly RankView[];
  readonly pictures?: readonly PictureView[];
  readonly sweep?: SweepTable | null;
}

export interface Showing {
  readonly route: (path: string) => Promise<Reply | null>;
  /** Tells everybody who looks that the run is over. */
  close(): Promise<void>;
}

const ranksIntervalMs = 1000; // unless something happens to one of them
const filesIntervalMs = 1000;

export function createShowing(options: ShowingOptions): Showing {
  const { clock, metrics, pictures, targets } = options;
  const stream = createStream({ clock, onFailure: options.onFailure, ...createTelling(options) });

  async function route(path: string): Promise<Reply | null> {
    switch (path) {
      case '/stream':
        return { stream: (response) => stream.open(response) };
      case '/metrics':
        return { type: metrics.contentType, body: await metrics.read() };
      case '/sd':
        return { type: 'application/json', body: JSON.stringify(targets()) };
      default:
        return path.startsWith('/pictures/') ? picture(path.slice('/pictures/'.length)) : readPageFile(path);
    }
  }

  async function picture(name: string): Promise<Reply | null> {
    const body = await readPicture(pictures, name);
    return body === null ? null : { type: 'image/png', body };
  }

  return { route, close: () => stream.close() };
}

/** What to tell: the story, and beside it what is looked up a time a second. */
function createTelling({ clock, story, ranks, runDir, pictures }: ShowingOptions) {
  const sweep = createSweepReader(runDir);
  let [ranksMs, filesMs] = [-Infinity, -Infinity]; // when they were told last
  let lastStates = '';
  let lastPictures = '';

  function newRanks(): Told {
    const views = ranks();
    const states = views.map(({ rank, state }) => `${rank} ${state}`).join();
    const hasLost = (text: string): boolean => text.includes('lost');
    const isUrgent =
      states.split(',').length !== lastStates.split(',').length || hasLost(states) !== hasLost(lastStates);
    if (!isUrgent && clock.nowMs() - ranksMs < ranksIntervalMs) return {};
    [ranksMs, lastStates] = [clock.nowMs(), states];
    return { ranks: views };
  }

  async function newFiles(): Promise<Told> {
    if (clock.nowMs() - filesMs < filesIntervalMs) return {};
    filesMs = clock.nowMs();
    const [list, table] = [await listPictures(pictures), await sweep.news()];
    const isNew = JSON.stringify(list) !== lastPictures;
    lastPictures = JSON.stringify(list);
    return { ...(isNew ? { pictures: list } : {}), ...(table === null ? {} : { sweep: table }) };
  }

  return {
    async whole(): Promise<Told> {
      await sweep.news();
      const list = await listPictures(pictures);
      return { ...story.whole(), ranks: ranks(), pictures: list, sweep: sweep.latest };
    },
    async changes(): Promise<Told | null> {
      const files = await newFiles();
      const told: Told = { ...files, ...newRanks(), ...story.changes() };
      return Object.keys(told).length === 0 ? null : told;
    },
  };
}
