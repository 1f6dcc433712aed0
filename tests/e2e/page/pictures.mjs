// Two pictures of a screen: whether somebody would call them the same. A browser reads them, because it knows PNG.
//
// Pictures are kept at half size. A pixel differs when its colour is outside of what lies around its place in the other
// picture, so that letters that were smoothed in another way are the same. What counts then is the largest connected part
// that differs, and how much differs in all.

/**
 * `pixels` of the half-size picture: the largest connected difference. Letters moved by half a pixel give 18, the thin
 * border of a button that is gone 60. `share`: all that differs, of the whole picture; a screen full of such letters has 0.8 %.
 */
export const ALLOWED = { pixels: 30, share: 0.01 };
/** How far two colours may be apart, as a distance in OKLab, where black and white are 1 apart. */
const DISTANCE = 0.05;

/** A page of the browser that compares pictures. */
export async function comparing(browser) {
  const page = await (await browser.newContext()).newPage();
  await page.evaluate(drawing);
  return {
    /** A screenshot as it is kept: a PNG in base64, at half size. */
    half: (png) => page.evaluate((png) => globalThis.half(png), png),
    /** How the later of two kept pictures differs from the earlier; `picture` marks where. */
    compare: async (before, now) => {
      const found = await page.evaluate((given) => globalThis.compare(...given), [before, now, DISTANCE]);
      return { ...found, same: found.pixels <= ALLOWED.pixels && found.share <= ALLOWED.share };
    },
  };
}

/** In the browser. */
function drawing() {
  const read = async (png, scale = 1) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    pen.imageSmoothingQuality = 'high';
    pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return { canvas, pixels: pen.getImageData(0, 0, canvas.width, canvas.height), pen };
  };
  const write = async (canvas) => {
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
    let text = '';
    for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(text);
  };
  globalThis.half = async (png) => {
    const { canvas, pixels, pen } = await read(png, 0.5);
    // Fewer shades make a smaller file, and nobody sees the difference.
    for (let at = 0; at < pixels.data.length; at++) if (at % 4 !== 3) pixels.data[at] = Math.min(255, Math.round(pixels.data[at] / 6) * 6);
    pen.putImageData(pixels, 0, 0);
    return write(canvas);
  };
  /** OKLab of each pixel, three numbers each. */
  const colours = ({ data }) => {
    const linear = Float32Array.from({ length: 256 }, (_, level) => (level <= 10 ? level / 255 / 12.92 : ((level / 255 + 0.055) / 1.055) ** 2.4));
    const lab = new Float32Array((data.length / 4) * 3);
    for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
      const [r, g, b] = [linear[data[from]], linear[data[from + 1]], linear[data[from + 2]]];
      const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
      const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
      const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
      lab[to] = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
      lab[to + 1] = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
      lab[to + 2] = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
    }
    return lab;
  };
  /**
   * Marks each pixel of `one` whose colour is outside of what lies around its place in `other`. Between the darkest and the
   * lightest of its neighbours it may be anything: there a letter was only smoothed in another way.
   */
  const mark = (one, other, width, height, distance, marks) => {
    const outside = (x, y) => {
      const at = (y * width + x) * 3;
      if (one[at] === other[at] && one[at + 1] === other[at + 1] && one[at + 2] === other[at + 2]) return false;
      let sum = 0;
      for (let channel = 0; channel < 3; channel++) {
        let [least, most] = [Infinity, -Infinity];
        for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const value = other[(ny * width + nx) * 3 + channel];
          if (value < least) least = value;
          if (value > most) most = value;
        }
        const value = one[at + channel];
        sum += Math.max(0, least - value, value - most) ** 2;
      }
      return sum > distance ** 2;
    };
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (outside(x, y)) marks[y * width + x] = 1;
  };
  /** How many marked pixels the largest part has; two that are one pixel apart are of one part, as letters of a word are. */
  const largest = (marks, width, height) => {
    const open = Uint8Array.from(marks);
    let most = 0;
    for (let start = 0; start < open.length; start++) {
      if (!open[start]) continue;
      open[start] = 0;
      const queue = [start];
      for (let next = 0; next < queue.length; next++) {
        const [x, y] = [queue[next] % width, Math.floor(queue[next] / width)];
        for (let ny = Math.max(0, y - 2); ny <= Math.min(height - 1, y + 2); ny++) for (let nx = Math.max(0, x - 2); nx <= Math.min(width - 1, x + 2); nx++) {
          const at = ny * width + nx;
          if (!open[at]) continue;
          open[at] = 0;
          queue.push(at);
        }
      }
      most = Math.max(most, queue.length);
    }
    return most;
  };
  globalThis.compare = async (before, now, distance) => {
    const [one, other] = [await read(before), await read(now)];
    const { width, height } = one.canvas;
    if (width !== other.canvas.width || height !== other.canvas.height) return { pixels: width * height, share: 1, picture: now };
    const [a, b] = [colours(one.pixels), colours(other.pixels)];
    const marks = new Uint8Array(width * height);
    mark(a, b, width, height, distance, marks);
    mark(b, a, width, height, distance, marks);
    other.pen.fillStyle = 'red';
    marks.forEach((marked, at) => marked && other.pen.fillRect(at % width, Math.floor(at / width), 1, 1));
    return { pixels: largest(marks, width, height), share: marks.reduce((sum, one) => sum + one, 0) / marks.length, picture: await write(other.canvas) };
  };
}
