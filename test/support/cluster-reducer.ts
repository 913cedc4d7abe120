/** A reducer in a process of its own, on a host of the in-memory network. */
import { runReducerShell } from '../../coordinator/reducers/shell.ts';
import { createKernels } from '../../shared/math/kernels.ts';
import { maxFrameBytes } from '../../shared/protocol/frame.ts';
import type { MemoryNetwork } from '../../shared/transport/memory.ts';

/** @param coordinator where it listens, and what it runs */
export function runReducer(
  network: MemoryNetwork,
  name: string,
  coordinator: { readonly endpoint: string; readonly version: string },
  onExit: (end: { code: number; reason: string }) => void,
): void {
  const shell = runReducerShell({
    transport: network.host(name).transport,
    transportOptions: { maxFrameBytes, peerTimeoutMs: 5000 },
    endpoint: coordinator.endpoint,
    listenEndpoint: `tcp://${name}:0`,
    identity: { version: coordinator.version, host: name, pid: 1 },
    createKernels,
    log: () => {},
  });
  void shell.then(onExit);
}
