/**
 * A wall clock that somebody sets again and again: preloaded by `node --import`, it makes `Date` jump by up to a
 * month, forwards and backwards, every tenth of a second.
 */
const monthMs = 30 * 24 * 3600 * 1000;
const RealDate = Date;
let jumpMs = 0;
let turn = 0;
const jump = () => {
  turn += 1;
  jumpMs = Math.round(Math.sin(turn * 2.4) * monthMs);
};
setInterval(jump, 100).unref();

const now = () => RealDate.now() + jumpMs;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given) => Reflect.construct(target, given.length === 0 ? [now()] : given),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
