/**
 * Waits until a port is free. A coordinator that is started again must listen where its workers look for it, and
 * in the second since it died somebody else may have taken the port, for a while or for good.
 */
import { createServer } from 'node:net';
import type { Clock } from '../../shared/runtime/clock.ts';

const pauseMs = 500;

/** @returns whether it is free at last. @param whenTaken told once, when it is not at first */
export async function waitForPort(
  { host, port }: { readonly host: string; readonly port: number },
  limitMs: number,
  clock: Clock,
  whenTaken: () => void,
): Promise<boolean> {
  const beganMs = clock.nowMs();
  for (let tries = 0; ; tries++) {
    if (await isFree(host, port)) return true;
    if (tries === 0) whenTaken();
    if (clock.nowMs() - beganMs > limitMs) return false;
    await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
