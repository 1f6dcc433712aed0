// What is asked of a drawn page by its boxes: text that is cut off, text over text, targets that are too small, words that
// nobody translated. Each answers with what it found, in words; it waits for nothing.

/** Texts that lie outside of a box that hides them, without a way to the whole: a title, or scrolling. */
export const cutOff = (page) =>
  page.evaluate(() => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      const says = text.data.trim();
      const from = text.parentElement;
      if (!says || !from.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || from.closest('.kd-hidden, script, style, option')) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      const boxes = [...range.getClientRects()].filter(({ width, height }) => width > 0 && height > 0);
      if (!boxes.length) continue;
      const whole = from.closest('[title], [aria-label]:not([role=grid], nav, section, dialog, ul)');
      let [x, y] = [true, true];
      for (let at = from; at && (x || y); at = at.parentElement) {
        const style = getComputedStyle(at);
        // An inline box hides nothing.
        if (style.display === 'inline') continue;
        if (/auto|scroll/.test(style.overflowX)) x = false;
        if (/auto|scroll/.test(style.overflowY)) y = false;
        const hides = { x: x && /hidden|clip/.test(style.overflowX), y: y && /hidden|clip/.test(style.overflowY) };
        if (!hides.x && !hides.y) continue;
        const box = at.getBoundingClientRect();
        const out = boxes.some(
          (one) =>
            (hides.x && (one.left < box.left - 2 || one.right > box.right + 2)) ||
            // A line is higher than its letters: a few pixels of it are nothing.
            (hides.y && (one.top < box.top - one.height / 4 || one.bottom > box.bottom + one.height / 4)),
        );
        if (out && !whole) found.push(`“${says.slice(0, 40)}” in ${at.tagName.toLowerCase()}.${at.className}`);
        if (out) break;
      }
    }
    return [...new Set(found)];
  });

/** Texts that lie on top of each other. */
export const overlapping = (page) =>
  page.evaluate(() => {
    const lines = [];
    const layers = new Map();
    // What lies above on purpose (popups, bars that stay in sight) is compared within itself.
    const layerOf = (element) => {
      if (!element) return null;
      if (!layers.has(element)) layers.set(element, /fixed|sticky/.test(getComputedStyle(element).position) ? element : layerOf(element.parentElement));
      return layers.get(element);
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      const from = text.parentElement;
      if (!text.data.trim() || !from.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || from.closest('.kd-hidden, script, style, option')) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      for (const { left, right, top, bottom } of range.getClientRects()) {
        const seen = { left, right, top, bottom };
        for (let at = from; at; at = at.parentElement) {
          const style = getComputedStyle(at);
          if (style.display === 'inline' || (style.overflowX === 'visible' && style.overflowY === 'visible')) continue;
          const box = at.getBoundingClientRect();
          Object.assign(seen, { left: Math.max(seen.left, box.left), right: Math.min(seen.right, box.right), top: Math.max(seen.top, box.top), bottom: Math.min(seen.bottom, box.bottom) });
        }
        if (seen.right - seen.left > 2 && seen.bottom - seen.top > 2) lines.push({ ...seen, text, layer: layerOf(from) });
      }
    }
    const found = [];
    lines.sort((a, b) => a.top - b.top);
    for (const [index, one] of lines.entries()) {
      for (let next = index + 1; next < lines.length && lines[next].top < one.bottom; next++) {
        const other = lines[next];
        if (one.text === other.text || one.layer !== other.layer) continue;
        const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
        const high = Math.min(one.bottom, other.bottom) - other.top;
        // Boxes of lines are higher than what is written in them.
        if (wide > 2 && high > 0.4 * Math.min(one.bottom - one.top, other.bottom - other.top)) {
          found.push(`“${one.text.data.trim().slice(0, 30)}” and “${other.text.data.trim().slice(0, 30)}”`);
        }
      }
    }
    return [...new Set(found)];
  });

/** Whether the page as a whole scrolls sideways, and by how much. */
export const wider = (page) => page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth));

/**
 * What can be pressed and is smaller than 24 by 24, or 32 high for the primary button. Links within a sentence are left
 * out, as WCAG 2.5.8 does; a box with its label counts as the label.
 */
export const small = (page) =>
  page.evaluate(() => {
    const found = [];
    let seen = 0;
    const pressed = 'a[href], button, input, select, textarea, summary, [role=button], [role=tab], [role=option], [role=menuitem], [role=switch]';
    for (const one of document.querySelectorAll(pressed)) {
      if (!one.checkVisibility({ visibilityProperty: true }) || one.closest('.ks-skip, .kd-hidden')) continue;
      const sentence = one.matches('a') && one.closest('p, kd-markdown, li, td, dd') && getComputedStyle(one).display === 'inline';
      if (sentence) continue;
      const boxes = [one, one.closest('label'), one.id && document.querySelector(`label[for="${CSS.escape(one.id)}"]`)].filter(Boolean).map((part) => part.getBoundingClientRect());
      // A link whose card answers as a whole.
      const { content, position } = getComputedStyle(one, '::after');
      if (content !== 'none' && position === 'absolute' && one.offsetParent) boxes.push(one.offsetParent.getBoundingClientRect());
      const width = Math.max(...boxes.map((box) => box.width));
      const height = Math.max(...boxes.map((box) => box.height));
      if (width === 0 || height === 0) continue;
      seen++;
      const least = one.matches('.kd-button-primary') ? 32 : 24;
      if (height < least - 0.01 || width < 24 - 0.01) found.push(`${Math.round(width)}x${Math.round(height)} ${one.outerHTML.replace(/<!--.*?-->|\s+/g, ' ').slice(0, 110)}`);
    }
    return { seen, found };
  });

/**
 * Texts that are neither in the marks of the test language nor among `known`, which is what the server said. Numbers,
 * sizes and times are written by the browser.
 */
export const untranslated = (page, known) =>
  page.evaluate((known) => {
    const said = new Set();
    known += `\n${decodeURIComponent(location.href).toLowerCase()}`;
    // What stands within the marks, which may hold each other.
    const outside = (text) => {
      let depth = 0;
      let rest = '';
      for (const letter of text) {
        if (letter === '⟦') depth++;
        else if (letter === '⟧') depth--;
        else if (depth <= 0) rest += letter;
        if (letter === '⟧' && depth === 0) rest += '\u0001';
      }
      return rest.split('\u0001');
    };
    const written = /^[\s\d.,:;·…→~%×+/()|-]*(?:(?:\d[\d.,]*\s?(?:bytes?|[kMGTP]?B(?:\/s)?|ms|sec|min|hrs?|days?)|(?:\d+ (?:second|minute|hour|day)s? ago)|now|yesterday|CSV|Parquet|SQL|KAML-D)[\s·,~%().…]*)*$/;
    const judge = (text, where) => {
      // Elements join what they were given by a dot or a comma, and end it as a sentence.
      for (const part of outside(text).flatMap((one) => (known.includes(one.trim().toLowerCase()) ? [] : one.split(/ · |, /)))) {
        const words = part.trim();
        if (!/[A-Za-z]{2}/.test(words) || written.test(words)) continue;
        if (known.includes(words.toLowerCase().replace(/\s+/g, ' ').replace(/\.$/, ''))) continue;
        said.add(`${where}: “${words.slice(0, 60)}”`);
      }
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      const from = text.parentElement;
      // Names of languages are written by the browser.
      if (from.closest('script, style, code, kbd, time, .cm-editor, kd-markdown, noscript, #ks-locale')) continue;
      judge(text.data, from.tagName.toLowerCase());
    }
    for (const element of document.body.querySelectorAll('[aria-label], [title], [placeholder], [alt]')) {
      if (element.matches('time, code')) continue;
      for (const name of ['aria-label', 'title', 'placeholder', 'alt']) if (element.hasAttribute(name)) judge(element.getAttribute(name), `${element.tagName.toLowerCase()} ${name}`);
    }
    return [...said];
  }, known);

/** Keeps what the server says to a page, for `untranslated`: the texts of every answer and of every message. */
export function listening(page) {
  const texts = new Set();
  const take = (value, key = '') => {
    if (typeof value === 'string') {
      // Types of columns are shown; those of values are not, nor how a node is drawn.
      if (!['kind', 'id', 'icon', 'tone', 'weight', 'gap'].includes(key) && (key !== 'type' || /[A-Z]/.test(value))) texts.add(value.toLowerCase().replace(/\s+/g, ' '));
    } else if (Array.isArray(value)) value.forEach((one) => take(one, key));
    else if (value && typeof value === 'object') for (const [name, one] of Object.entries(value)) take(one, name);
  };
  const read = (text) => {
    try {
      take(JSON.parse(text));
    } catch {
      // It is no JSON: bytes of an object, which no element says as words of its own.
      texts.add(text.toLowerCase().replace(/\s+/g, ' '));
    }
  };
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => read(String(payload))));
  page.on('response', async (answer) => {
    if (!answer.url().includes('/api/v1/')) return;
    const body = await answer.text().catch(() => '');
    if (body.length < 500_000) read(body);
  });
  return () => [...texts].join('\n');
}

/** In the page: how the focus stands; null once it has left the page. */
export async function focusStop() {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  // An editor, in its shadow root, marks itself a moment after it got the focus.
  for (let frame = 0; frame < 60 && at.shadowRoot && !at.shadowRoot.querySelector('.cm-focused'); frame++) await new Promise(requestAnimationFrame);
  const box = at.getBoundingClientRect();
  // The middle of what is in the window of something that is higher than the window.
  const x = (Math.max(0, box.left) + Math.min(innerWidth, box.right)) / 2;
  const y = (Math.max(0, box.top) + Math.min(innerHeight, box.bottom)) / 2;
  const hit = document.elementFromPoint(x, y);
  const around = at.closest('form, label, .ks-box');
  const within = at.shadowRoot?.activeElement?.closest('.cm-editor') ?? at.querySelector('.kd-active');
  const ring = [at, around, within].some((one) => {
    const { outlineStyle, outlineWidth } = one ? getComputedStyle(one) : {};
    return one && outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  });
  return { name: at.outerHTML.replace(/<!--.*?-->|\s+/g, ' ').slice(0, 100), seen: at.contains(hit) || (hit?.contains(at) ?? false), ring };
}
