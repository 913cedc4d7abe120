/**
 * A transport whose hubs and links have keys, for those who open them without knowing of any; and the rule that a
 * hub without keys is reached from this machine alone.
 */
import { configurationError } from '../errors.ts';
import type { BindOptions, ConnectOptions, Transport } from './transport.ts';

const address = /^tcp:\/\/(.*):[^:]*$/;
const loopback = /^(127(\.\d{1,3}){3}|localhost|\[?::1\]?|lo)$/;

/** Whether only processes of this machine reach an address to listen on, such as `127.0.0.1`. */
export const isLoopback = (host: string): boolean => loopback.test(host);

/** The host of `tcp://HOST:PORT`; the whole where it is none. */
export const hostOf = (endpoint: string): string => address.exec(endpoint)?.[1] ?? endpoint;

/** @throws LockstepError (78) for a hub that anybody on the network could speak to */
export function checkExposure(endpoint: string, { keys, insecure }: BindOptions): void {
  if (keys !== undefined || insecure === true || !address.test(endpoint)) return; // what is none is refused as such
  if (isLoopback(hostOf(endpoint))) return;
  throw configurationError(exposed(endpoint));
}

/** What is said of it. */
export const exposed = (what: string): string =>
  `${what} is reached from other machines, and without keys anybody there may take part: make keys with lockstep ` +
  'keygen and give --keys FILE, or --insecure where you trust the network';

/** All hubs of the transport have these keys. Links are as they were. */
export const withHubKeys = (
  transport: Transport,
  added: Pick<BindOptions, 'keys' | 'insecure'>,
): Transport => ({
  ...transport,
  bind: (endpoint, options, events) => transport.bind(endpoint, { ...options, ...added }, events),
});

/** All links of the transport have these keys, and tell who keeps them out. Hubs are as they were. */
export const withLinkKeys = (
  transport: Transport,
  keys: ConnectOptions['keys'],
  onRefused: (endpoint: string, reason: string, forGood: boolean) => void,
): Transport => ({
  ...transport,
  connect: (endpoint, options, events) =>
    transport.connect(
      endpoint,
      { ...options, keys },
      { ...events, onRefused: (reason, forGood) => onRefused(endpoint, reason, forGood) },
    ),
});
