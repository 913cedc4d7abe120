/** The latest pictures; where older ones are kept, a slider goes back to them. */
import { count, element } from './figures.mjs';

/** @typedef {import('../serving/pictures.ts').PictureView} PictureView */

/** @type {Record<string, string>} */
const titles = {
  samples: 'Samples',
  reconstructions: 'Reconstructions, each beside its original',
  interpolation: 'From one image to another',
  'analogies-mean': 'Originals, then the mean of what is decoded from draws',
  'analogies-draw': 'Originals, then draws of what is decoded from draws',
};

/** @type {Map<string, ReturnType<typeof createPicture>>} */
const shown = new Map();

/** @param {readonly PictureView[]} views */
export function showPictures(views) {
  const section = /** @type {HTMLElement} */ (document.getElementById('pictures'));
  const gallery = /** @type {HTMLElement} */ (document.getElementById('gallery'));
  section.hidden = views.length === 0;
  for (const view of views) {
    let picture = shown.get(view.name);
    if (picture === undefined) {
      picture = createPicture(view.name);
      shown.set(view.name, picture);
      gallery.append(picture.figure);
    }
    picture.show(view);
  }
}

/** @param {string} name */
function createPicture(name) {
  const title = titles[name] ?? name.replaceAll('-', ' ');
  const image = document.createElement('img');
  image.alt = title;
  const when = element('span', 'when');
  const slider = document.createElement('input');
  slider.type = 'range';
  slider.min = '0';
  slider.setAttribute('aria-label', `${title}: of which step`);
  const figure = element('figure', '', image, element('figcaption', '', title, when), slider);
  /** @type {PictureView | null} */
  let latest = null;

  function draw() {
    if (latest === null) return;
    const { steps, modified } = latest;
    const step = steps[Number(slider.value)];
    const isLatest = step === undefined || Number(slider.value) === steps.length - 1;
    when.textContent = step === undefined ? '' : ` · step ${count(step)}`;
    const older = `${name}-step-${String(step).padStart(8, '0')}`;
    const address = isLatest ? `pictures/${name}.png?${modified}` : `pictures/${older}.png`;
    if (image.getAttribute('src') !== address) image.src = address;
  }

  slider.addEventListener('input', draw);
  return {
    figure,
    /** @param {PictureView} view */
    show(view) {
      const follows = latest === null || Number(slider.value) >= latest.steps.length - 1;
      latest = view;
      slider.hidden = view.steps.length < 2;
      slider.max = String(Math.max(0, view.steps.length - 1));
      if (follows) slider.value = slider.max;
      draw();
    },
  };
}
