/**
 * Which Node can run Lockstep. Written in the JavaScript of old, since the versions that it refuses must be
 * able to parse it.
 */

/** Oldest version that has everything the dependencies need; `engines` in package.json says the same. */
const OLDEST_MAJOR = 20;
const OLDEST_MINOR = 19;
/** Latest major version that training was seen to work on. */
const LATEST_MAJOR = 26;

/**
 * @param {string} version such as `20.19.1`
 * @returns {string | null} one line that says what is wrong, or null
 */
export function unsupportedNode(version) {
  const major = parseInt(version, 10);
  const minor = parseInt(version.slice(version.indexOf('.') + 1), 10);
  const isTooOld = major < OLDEST_MAJOR || (major === OLDEST_MAJOR && minor < OLDEST_MINOR);
  if (!isTooOld && major <= LATEST_MAJOR) return null;
  const range = `${OLDEST_MAJOR}.${OLDEST_MINOR} to ${LATEST_MAJOR}`;
  return `lockstep: this is Node ${version}, but ${range} is needed: install Node 24 (https://nodejs.org)`;
}
