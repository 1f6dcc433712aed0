// The words that the elements say themselves. English first; `setWords` puts another language in their place, whole or
// in part. What a plug-in says comes with the view and is not translated here.
const english = {
  broken: (kind: string, problem: string) => `This part (${kind}) cannot be shown${problem ? `: ${problem}` : ""}.`,
  unknown: (kind: string) => `This part (${kind}) is not known to this version.`,
  tooDeep: "There is more inside, deeper than can be shown.",
  tooMany: "There is more than can be shown.",
  cycle: "This part contains itself and is shown once.",
  leftOut: (count: number) => `${count} more parts are not shown: a view has at most 5,000.`,
  loading: "Loading",
  retry: "Try again",
  failed: "This could not be loaded",
};

export type Words = typeof english;
export const words: Words = { ...english };
export function setWords(other: Partial<Words>): void {
  Object.assign(words, other);
}
