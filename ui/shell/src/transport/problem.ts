// What went wrong, in the words of the server (RFC 9457) or, where it could not answer, in ours: always what happened,
// what was kept and what to do.
import { t } from "../words/words.js";

export type ProblemKind =
  | "denied" | "confirm" | "not-found" | "already-exists" | "conflict" | "invalid" | "limit"
  | "unavailable" | "corrupt" | "cancelled" | "internal" | "signed-out";

export interface Problem {
  kind: ProblemKind;
  title: string;
  /** What happened. */
  detail: string;
  /** What was kept and what to do. */
  help?: string;
  at?: { line: number; column: number };
  trace?: string;
}

export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

export { sentence } from "../../../view/src/format.js";

/** `trace` is the id under which it was asked, for an answer that names none. */
export function problemOf(body: unknown, status = 0, asked = ""): Problem {
  const given = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const text = (name: string): string | undefined => (typeof given[name] === "string" && given[name] !== "" ? (given[name] as string) : undefined);
  const at = given["at"] as Problem["at"];
  const trace = text("trace") ?? asked;
  const help = text("help") ?? (status && text("detail") === undefined ? t("problem.status.help") : undefined);
  return {
    kind: (status === 401 ? "signed-out" : text("kind") ?? (status === 503 ? "unavailable" : status === 404 ? "not-found" : "internal")) as ProblemKind,
    title: text("title") ?? "",
    detail: text("detail") ?? (status ? t("problem.status", { status }) : t("problem.unknown")),
    ...(help ? { help } : {}),
    ...(at && typeof at === "object" ? { at } : {}),
    ...(trace ? { trace } : {}),
  };
}

export const unreachable = (asked = ""): Problem => ({ kind: "unavailable", title: "", detail: t("problem.unreachable"), help: t("problem.unreachable.help"), ...(asked ? { trace: asked } : {}) });
export const late = (): Problem => ({ kind: "unavailable", title: "", detail: t("problem.late"), help: t("problem.late.help") });
export const large = (): Problem => ({ kind: "limit", title: "", detail: t("problem.large"), help: t("problem.large.help") });
export const cancelled = (): Problem => ({ kind: "cancelled", title: "", detail: t("problem.cancelled") });

const hex = (bytes: number): string => Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The id of a request, as W3C Trace Context has it: the server's log has it too, whoever answers in its place. */
export const newTrace = (): string => hex(16);
export const traceHeader = (trace: string): Record<string, string> => ({ traceparent: `00-${trace}-${hex(8)}-01` });

/** Whatever was thrown, as a problem. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Refused) return error.problem;
  if (error instanceof DOMException && error.name === "AbortError") return cancelled();
  // `fetch` throws a TypeError when nobody answers; anything else is a fault of ours.
  if (error instanceof TypeError && /fetch|network|load failed/i.test(error.message)) return unreachable();
  const trace = newTrace();
  console.error(trace, error);
  return { kind: "internal", title: "", detail: t("problem.page"), help: t("problem.page.help"), trace };
}
