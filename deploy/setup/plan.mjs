/**
 * Decides from where TensorFlow comes, given what was found on the machine. Nothing is looked up or started here.
 *
 *   already there > the user's (LOCKSTEP_TENSORFLOW) > the pinned wheel from PyPI > the vendor's installer > none
 *
 * A TensorFlow that the user names comes before another that is already there; a GPU makes one without CUDA
 * not good enough. With none, training runs on wasm, and one line says what is missing and how to mend it.
 */

/**
 * @typedef {object} Facts
 * @property {string} platform as in process.platform
 * @property {string} architecture as in process.arch
 * @property {boolean} glibc whether the C library is glibc, which the wheels need
 * @property {boolean} gpu whether nvidia-smi lists one
 * @property {boolean} offline
 * @property {boolean} unpacked whether the wheel's content lies in the cache already
 * @property {boolean} pip whether python3 can run pip
 * @property {boolean} compiler whether there is one for C++
 * @property {number} freeBytes in the cache's file system
 * @property {string | null} userFolder what LOCKSTEP_TENSORFLOW says
 * @property {{ flavour: 'cpu' | 'gpu' | 'user' | 'vendor', userFolder: string | null } | null} there
 * @property {Readonly<Partial<Record<Route, string>>>} failures of earlier set-ups, and why
 */
/** @typedef {'keep' | 'user' | 'wheel' | 'vendor'} Route */
/**
 * @typedef {object} Plan
 * @property {readonly Route[]} routes to try, best first
 * @property {'cpu' | 'gpu'} flavour of the wheel
 * @property {readonly string[]} obstacles why better routes are not among them
 * @property {readonly string[]} packages of the system whose installation opens the wheel's route
 */

/** Room for the wheels and what is unpacked from them, measured, with a tenth to spare. */
export const neededBytes = { cpu: 1.3e9, gpu: 9.5e9 };

/**
 * @param {Facts} facts
 * @returns {Plan}
 */
export function planTensorflow(facts) {
  const flavour = facts.gpu && facts.platform === 'linux' && facts.architecture === 'x64' ? 'gpu' : 'cpu';
  if (facts.userFolder !== null) {
    const isThere = facts.there?.flavour === 'user' && facts.there.userFolder === facts.userFolder;
    return { routes: [isThere ? 'keep' : 'user'], flavour, obstacles: [], packages: [] };
  }
  if (facts.there && !(facts.there.flavour === 'cpu' && flavour === 'gpu')) {
    return { routes: ['keep'], flavour, obstacles: [], packages: [] };
  }
  const wheel = wheelObstacles(facts, flavour);
  const vendor = vendorObstacles(facts);
  /** @type {Route[]} */
  const routes = [];
  if (wheel.obstacles.length === 0) routes.push('wheel');
  if (vendor.length === 0 && !facts.offline) routes.push('vendor');
  return { routes, flavour, obstacles: [...wheel.obstacles, ...vendor], packages: wheel.packages };
}

/**
 * @param {Facts} facts
 * @param {'cpu' | 'gpu'} flavour
 */
function wheelObstacles(facts, flavour) {
  const system = `${facts.platform}-${facts.architecture}`;
  if (!['linux-x64', 'linux-arm64'].includes(system) || !facts.glibc) {
    const why = facts.platform === 'linux' ? 'Linux without glibc or on this processor' : system;
    return { obstacles: [`there is no TensorFlow wheel for ${why}`], packages: [] };
  }
  /** @type {string[]} */
  const obstacles = [];
  const packages = facts.compiler ? [] : ['compiler'];
  if (!facts.compiler) obstacles.push('a C++ compiler is missing');
  if (!facts.unpacked) {
    if (facts.offline) return { obstacles: ['LOCKSTEP_OFFLINE=1 forbids fetching it'], packages: [] };
    if (!facts.pip) {
      obstacles.push('python3 with pip is missing');
      packages.unshift('pip');
    }
    if (facts.freeBytes < neededBytes[flavour]) {
      const [needed, free] = [neededBytes[flavour], facts.freeBytes].map((bytes) => (bytes / 1e9).toFixed(1));
      obstacles.push(`it needs ${needed} GB of disk, of which ${free} GB are free`);
    }
  }
  if (facts.failures.wheel) obstacles.push(facts.failures.wheel);
  return { obstacles, packages };
}

/** @param {Facts} facts */
function vendorObstacles(facts) {
  if (facts.offline) return []; // said once, with the wheel
  return facts.failures.vendor ? [facts.failures.vendor] : [];
}

/** Names of the packages, by the program that installs them. */
const packageManagers = [
  { program: 'apt-get', install: 'apt-get install -y', pip: 'python3-pip', compiler: 'g++' },
  { program: 'dnf', install: 'dnf install -y', pip: 'python3-pip', compiler: 'gcc-c++' },
  { program: 'zypper', install: 'zypper install -y', pip: 'python3-pip', compiler: 'gcc-c++' },
  { program: 'pacman', install: 'pacman -S --noconfirm', pip: 'python-pip', compiler: 'gcc' },
];

/**
 * The command that mends it.
 * @param {{ packages: readonly string[], offline: boolean, isRoot: boolean }} lack
 * @param {(program: string) => boolean} hasProgram
 * @returns {string}
 */
export function remedy({ packages, offline, isRoot }, hasProgram) {
  const again = 'npx lockstep setup';
  if (offline) return `LOCKSTEP_OFFLINE=0 ${again}`;
  const manager = packageManagers.find(({ program }) => hasProgram(program));
  if (packages.length === 0 || !manager) return again;
  const names = packages.map((name) => (name === 'pip' ? manager.pip : manager.compiler));
  return `${isRoot ? '' : 'sudo '}${manager.install} ${names.join(' ')} && ${again}`;
}
