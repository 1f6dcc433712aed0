// Text as a person can trust it: characters that are not seen, and those that turn around what is read, are written out.
// The one function for it, through which `html.ts` puts every text of the page.

// What has no width or no glyph, and what changes the direction of reading. Line breaks and tabs are seen.
const UNSEEN = /(?![\t\n\r])[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Cc}\u2028\u2029]/gu;
const ANY = new RegExp(UNSEEN.source, "u");

// Scripts in which a joiner or its opposite decides which letter is read; elsewhere they only hide.
const JOINED = /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const PICTURE = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f]/u;
const TAKES_VARIANT = /[\p{Emoji}\p{Ideographic}]/u;

/** `exe.‹U+202E›gnp` for a name that would be read as `exe.png`. */
export function legible(text: string): string {
  if (!ANY.test(text)) return text;
  return text.replace(UNSEEN, (character, at: number) => {
    const before = [...text.slice(Math.max(0, at - 2), at)].at(-1) ?? "";
    const after = String.fromCodePoint(text.codePointAt(at + character.length) ?? 0);
    if (belongs(character, before, after)) return character;
    return `‹U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}›`;
  });
}

/** Whether somebody typed a text as they read it, whatever is hidden in it. */
export function readsAs(typed: string, text: string): boolean {
  return legible(typed) === legible(text);
}

function belongs(character: string, before: string, after: string): boolean {
  const code = character.codePointAt(0)!;
  if (code === 0x200c || code === 0x200d) return (JOINED.test(before) && JOINED.test(after)) || (code === 0x200d && PICTURE.test(before) && PICTURE.test(after));
  if ((code >= 0xfe00 && code <= 0xfe0f) || (code >= 0xe0100 && code <= 0xe01ef)) return TAKES_VARIANT.test(before);
  return false;
}
