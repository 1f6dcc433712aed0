// The contrast of the tokens of the design, as a browser resolves them in a theme.

const grounds = ['page', 'surface', 'raised', 'sunken', 'hover', 'chosen'];
const tones = ['good', 'warning', 'bad'];
const series = [1, 2, 3, 4, 5, 6].map((index) => `series-${index}`);
const on = (ones, others) => ones.flatMap((one) => others.map((other) => [one, other]));

/** What stands on what, and the least ratio between the two. */
export const PAIRS = [
  ['text', 4.5, [
    ...on(['ink', 'muted', 'link'], grounds), ['ink', 'mark'], ['ink', 'info-soft'], ['bad', 'raised'], ['bad', 'hover'],
    ...tones.flatMap((tone) => [[tone, 'surface'], [tone, 'page'], [tone, `${tone}-soft`], ['ink', `${tone}-soft`], ['muted', `${tone}-soft`]]),
    ...on(['on-primary'], ['primary', 'primary-hover']), ...on(['on-danger'], ['danger', 'danger-hover']),
    ...on(['keyword', 'string', 'number', 'comment'].map((one) => `code-${one}`), ['surface', 'page']),
  ]],
  // Lines of charts, bars in heads and switches, on all that they stand on.
  ['series of charts', 3, on(series, ['surface', 'page', 'sunken', 'raised'])],
  // The mark below a chosen tab; edges and the focus.
  ['what one has to see', 3, [
    ...on(['line-hard', 'focus'], ['surface', 'page', 'sunken', 'raised']), ['line-hard', 'hover'], ['focus', 'chosen'],
    ['series-1', 'hover'], ['series-1', 'chosen'], ...on(['good'], ['surface', 'page', 'raised']),
  ]],
];

/** The ratio of each pair on a page as it is now. */
export const ratios = (page, pairs) =>
  page.evaluate((pairs) => {
    const probe = document.body.appendChild(document.createElement('i'));
    const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const light = (token) => {
      probe.style.setProperty('color', `var(--kd-${token})`);
      if (getComputedStyle(document.documentElement).getPropertyValue(`--kd-${token}`) === '') throw new Error(`there is no token ${token}`);
      pen.fillStyle = getComputedStyle(probe).color;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = pairs.map(([one, other]) => {
      const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
      return { one, other, is: (a + 0.05) / (b + 0.05) };
    });
    probe.remove();
    return found;
  }, pairs);
