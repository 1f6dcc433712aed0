// What went wrong, in the words of the server (RFC 9457) or, where it could not answer, in ours: always what happened,
// what was kept and what to do.
import { t } from "../words/words.js";

export type ProblemKind =
  | "denied" | "not-found" | "already-exists" | "conflict" | "invalid" | "limit"
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

/** A sentence of the server stands alone on the page: it starts with a capital and ends with a stop. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  // `a-z, 0-9` is no sentence: only a word gets its capital.
  const capital = /^\p{Ll}[\p{L}\s'’]/u.test(trimmed) ? trimmed[0]!.toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?…:]$/.test(capital) ? capital : `${capital}.`;
}

export function problemOf(body: unknown, status = 0): Problem {
  const given = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const text = (name: string): string | undefined => (typeof given[name] === "string" && given[name] !== "" ? (given[name] as string) : undefined);
  const at = given["at"] as Problem["at"];
  const trace = text("trace");
  const help = text("help");
  return {
    kind: (status === 401 ? "signed-out" : text("kind") ?? (status === 503 ? "unavailable" : status === 404 ? "not-found" : "internal")) as ProblemKind,
    title: text("title") ?? "",
    detail: text("detail") ?? (status ? t("problem.status", { status }) : t("problem.unknown")),
    ...(help ? { help } : {}),
    ...(at && typeof at === "object" ? { at } : {}),
    ...(trace ? { trace } : {}),
  };
}

export const unreachable = (): Problem => ({ kind: "unavailable", title: "", detail: t("problem.unreachable"), help: t("problem.unreachable.help") });
export const late = (): Problem => ({ kind: "unavailable", title: "", detail: t("problem.late"), help: t("problem.late.help") });
export const large = (): Problem => ({ kind: "limit", title: "", detail: t("problem.large"), help: t("problem.large.help") });
export const cancelled = (): Problem => ({ kind: "cancelled", title: "", detail: t("problem.cancelled") });

/** Whatever was thrown, as a problem. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Refused) return error.problem;
  if (error instanceof DOMException && error.name === "AbortError") return cancelled();
  // `fetch` throws a TypeError when nobody answers; anything else is a fault of ours.
  if (error instanceof TypeError && /fetch|network|load failed/i.test(error.message)) return unreachable();
  console.error(error);
  return { kind: "internal", title: "", detail: t("problem.page"), help: t("problem.page.help") };
}
