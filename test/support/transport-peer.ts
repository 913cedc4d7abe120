/**
 * One side of a ZeroMQ connection in a process of its own, for faults that only a process can have.
 *
 *   transport-peer.ts hub            binds any port
 *   transport-peer.ts link ENDPOINT  connects
 *
 * Tells on stdout what happens, a line each. Of frames it obeys the first part: `block MS` stops its
 * JavaScript, `close` ends it in the natural way, anything else is echoed.
 */
import { createZeromqTransport } from '../../shared/transport/zeromq.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import type { Frames } from '../../shared/transport/transport.ts';

const [role, endpoint = 'tcp://127.0.0.1:0'] = process.argv.slice(2);
const transport = createZeromqTransport(systemClock);
const options = { maxFrameBytes: (1 << 22) + 4096, peerTimeoutMs: 1000 };
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function obey(frames: Frames, reply: (frames: Frames) => void, close: () => Promise<void>): void {
  const [verb, amount] = Buffer.from(frames[0]!).toString().split(' ');
  if (verb === 'close') {
    reply([Buffer.from('goodbye')]);
    for (let index = 0; index < 8; index++) reply([Buffer.from('payload'), new Uint8Array(1 << 22)]);
    void close().then(() => say('closed'));
  } else if (verb === 'block') {
    const untilMs = performance.now() + Number(amount);
    while (performance.now() < untilMs);
    reply([Buffer.from('unblocked')]);
  } else reply(frames);
}

if (role === 'hub') {
  const hub = await transport.bind(endpoint, options, {
    onFrames: (peer, frames) =>
      obey(
        frames,
        (answer) => hub.send(peer, answer),
        () => hub.close(),
      ),
    onPeerLost: (_, reason) => say(`lost: ${reason}`),
  });
  say(hub.endpoint);
} else {
  const link = transport.connect(endpoint, options, {
    onFrames: (frames) => obey(frames, link.send, link.close),
    onConnected() {
      say('connected');
      link.send([Buffer.from(`process ${process.pid}`)]);
    },
    onLost: (reason) => say(`lost: ${reason}`),
  });
}
