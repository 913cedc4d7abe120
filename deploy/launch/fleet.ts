/** All boxes of a launch: reached at once, with the number of workers that each will have. */
import { LockstepError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import { createBox, type Box } from './box.ts';
import { openLink } from './link.ts';
import { createPlace } from './place.ts';
import type { Finding } from './preflight.ts';
import type { LaunchRequest } from './request.ts';
import { createStation, type Station } from './station.ts';

export interface FleetBox {
  readonly name: string;
  readonly box: Box | null; // null where it could not be reached
  readonly workers: number; // 0 on a box that only coordinates
}

export interface Fleet {
  readonly boxes: readonly FleetBox[];
  readonly findings: readonly Finding[]; // of boxes that could not be reached
  station(name: string): Station;
  end(): Promise<void>;
  /** Ends all links at once; the boxes end what they run. */
  cut(): void;
}

export async function openFleet(
  { hosts, workersPerBox, coordinator, place: placeOptions }: LaunchRequest,
  clock: Clock,
  say: (line: string) => void,
): Promise<Fleet> {
  const place = createPlace(placeOptions);
  const timeoutMs = 1000 * placeOptions.timeoutSeconds;
  const connect = async (name: string): Promise<Box> =>
    createBox(name, await openLink(name, place(name), clock, timeoutMs), clock);
  const isListed = hosts.some(({ name }) => name === coordinator);
  const all = isListed ? hosts : [{ name: coordinator, slots: 0 }, ...hosts];
  const findings: Finding[] = [];
  const stations = new Map<string, Station>();
  const boxes = await Promise.all(
    all.map(async ({ name, slots }): Promise<FleetBox> => {
      try {
        const box = await connect(name);
        stations.set(name, createStation(box, { connect: () => connect(name), clock, say }));
        return { name, box, workers: slots ?? workersPerBox ?? workersOf(box) };
      } catch (error) {
        if (!(error instanceof LockstepError)) throw error;
        findings.push({ box: name, column: 'lockstep', cell: 'FAILED', problem: error });
        return { name, box: null, workers: slots ?? workersPerBox ?? 0 };
      }
    }),
  );
  const each = [...stations.values()];
  return {
    boxes,
    findings,
    station: (name) => stations.get(name)!,
    end: async () => void (await Promise.all(each.map((station) => station.end()))),
    cut: () => each.forEach((station) => station.cut()),
  };
}

/** One for each GPU, else one for each core. */
const workersOf = ({ hello: { gpus, cores } }: Box): number => (gpus.length > 0 ? gpus.length : cores);
