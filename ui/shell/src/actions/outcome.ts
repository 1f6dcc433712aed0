// What a command answered, put into words and targets. Pure.

/**
 * `{NAME}` in any text of a value stands for a field of the outcome's data; a name that is not there stays as it is. A
 * text that is nothing else may stand for a list.
 */
export function fill<T>(value: T, data: Record<string, unknown>): T {
  if (typeof value === "string") {
    const whole = /^\{([\w-]+)\}$/.exec(value)?.[1] ?? "";
    if (Object.hasOwn(data, whole) && Array.isArray(data[whole])) return data[whole] as T;
    return value.replace(/\{([\w.-]+)\}/g, (whole, name: string) => {
      let at: unknown = data;
      for (const part of name.split(".")) {
        at = typeof at === "object" && at !== null && Object.hasOwn(at, part) ? (at as Record<string, unknown>)[part] : undefined;
      }
      return at === undefined || at === null || typeof at === "object" ? whole : String(at);
    }) as T;
  }
  if (Array.isArray(value)) return value.map((one) => fill(one, data)) as T;
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fill(one, data)])) as T;
  }
  return value;
}

/** The first sentence of an outcome's view. */
export function firstText(nodes: readonly unknown[]): string {
  for (const node of nodes) {
    const { kind, props } = (node ?? {}) as { kind?: string; props?: { text?: unknown } };
    if ((kind === "text" || kind === "heading") && typeof props?.text === "string") return props.text;
  }
  return "";
}
